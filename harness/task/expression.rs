//! Integer expressions over the axes of a grid: `hidden * 2`, `(seq + 1) / frames`.

use std::collections::BTreeMap;

/// Values of axes and `let` names, by name.
pub(super) type Bindings = BTreeMap<String, i64>;

/// Evaluates `text` with the usual precedence of `+ - * /` and parentheses. The message of an error is a fragment that
/// names what was found.
pub(super) fn evaluate(text: &str, bindings: &Bindings) -> Result<i64, String> {
    let mut parser = Parser {
        rest: text.trim_start(),
        bindings,
    };
    let value = parser.sum()?;
    match parser.rest {
        "" => Ok(value),
        rest => Err(format!("expected an operator before `{rest}`")),
    }
}

struct Parser<'a> {
    rest: &'a str,
    bindings: &'a Bindings,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<i64, String> {
        let mut value = self.product()?;
        loop {
            let (symbol, apply): (char, fn(i64, i64) -> Option<i64>) =
                match self.rest.chars().next() {
                    Some('+') => ('+', i64::checked_add),
                    Some('-') => ('-', i64::checked_sub),
                    _ => return Ok(value),
                };
            self.skip(1);
            let right = self.product()?;
            value =
                apply(value, right).ok_or_else(|| format!("{value} {symbol} {right} overflows"))?;
        }
    }

    fn product(&mut self) -> Result<i64, String> {
        let mut value = self.atom()?;
        loop {
            let symbol = match self.rest.chars().next() {
                Some(symbol @ ('*' | '/')) => symbol,
                _ => return Ok(value),
            };
            self.skip(1);
            let right = self.atom()?;
            value = match symbol {
                '*' => value
                    .checked_mul(right)
                    .ok_or_else(|| format!("{value} * {right} overflows"))?,
                _ if right == 0 => return Err("division by zero".to_owned()),
                _ if value % right != 0 => {
                    return Err(format!("{value} / {right} is not a whole number"));
                }
                _ => value / right,
            };
        }
    }

    fn atom(&mut self) -> Result<i64, String> {
        if self.rest.starts_with('(') {
            self.skip(1);
            let value = self.sum()?;
            if !self.rest.starts_with(')') {
                return Err(format!("expected `)` before `{}`", self.rest));
            }
            self.skip(1);
            return Ok(value);
        }
        let end = self
            .rest
            .find(|c: char| !c.is_alphanumeric() && c != '_')
            .unwrap_or(self.rest.len());
        let word = &self.rest[..end];
        let value = if word.is_empty() {
            let found = match self.rest {
                "" => "the end".to_owned(),
                rest => format!("`{rest}`"),
            };
            return Err(format!("expected a number or a name, found {found}"));
        } else if word.starts_with(|c: char| c.is_ascii_digit()) {
            word.parse()
                .map_err(|_| format!("`{word}` is not a number"))?
        } else {
            *self
                .bindings
                .get(word)
                .ok_or_else(|| format!("`{word}` is not an integer axis of this grid"))?
        };
        self.skip(end);
        Ok(value)
    }

    fn skip(&mut self, bytes: usize) {
        self.rest = self.rest[bytes..].trim_start();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn value(text: &str) -> Result<i64, String> {
        evaluate(
            text,
            &Bindings::from([("seq".to_owned(), 6), ("frames".to_owned(), 3)]),
        )
    }

    #[test]
    fn products_bind_tighter_than_sums() {
        assert_eq!(value("1 + seq * 2 - 3"), Ok(10));
        assert_eq!(value("(1 + seq) * 2 / 7"), Ok(2));
        assert_eq!(value("seq/frames"), Ok(2));
    }

    #[test]
    fn what_is_wrong_is_named() {
        assert!(value("seq / 4").unwrap_err().contains("not a whole number"));
        assert!(value("hidden").unwrap_err().contains("`hidden`"));
        assert!(value("seq seq").unwrap_err().contains("operator"));
        assert!(value("(seq").unwrap_err().contains("`)`"));
        assert!(value("seq / 0").unwrap_err().contains("zero"));
        assert!(
            value("9223372036854775807 * 2")
                .unwrap_err()
                .contains("overflows")
        );
    }
}
