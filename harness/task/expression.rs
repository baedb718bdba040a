//! Integer expressions over the axes of a grid: `hidden * 2`, `(seq + 1) / frames`.

use std::collections::BTreeMap;

/// Values of axes and `let` names, by name.
pub(super) type Bindings = BTreeMap<String, i64>;

/// Parentheses within one another; each takes a piece of the stack.
const DEEPEST: usize = 64;

/// Evaluates `text` with the usual precedence of `+ - * /` and parentheses. The message of an error is a fragment that
/// names what was found.
pub(super) fn evaluate(text: &str, bindings: &Bindings) -> Result<i64, String> {
    let mut parser = Parser {
        rest: text.trim_start(),
        bindings,
        depth: 0,
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
    /// Parentheses that are open.
    depth: usize,
}

impl Parser<'_> {
    fn sum(&mut self) -> Result<i64, String> {
        let mut value = self.product()?;
        loop {
            let symbol = match self.rest.chars().next() {
                Some(symbol @ ('+' | '-')) => symbol,
                _ => return Ok(value),
            };
            self.skip(1);
            let right = self.product()?;
            let result = match symbol {
                '+' => value.checked_add(right),
                _ => value.checked_sub(right),
            };
            value = result.ok_or_else(|| format!("{value} {symbol} {right} overflows"))?;
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
                _ => match value.checked_rem(right) {
                    Some(0) => value / right,
                    Some(_) => return Err(format!("{value} / {right} is not a whole number")),
                    None => return Err(format!("{value} / {right} overflows")),
                },
            };
        }
    }

    fn atom(&mut self) -> Result<i64, String> {
        if self.rest.starts_with('(') {
            if self.depth == DEEPEST {
                return Err(format!(
                    "more than {DEEPEST} parentheses lie within one another"
                ));
            }
            self.depth += 1;
            self.skip(1);
            let value = self.sum()?;
            self.depth -= 1;
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
    use proptest::prelude::*;

    use super::*;
    use crate::mutation::{spliced, splices};

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

    #[test]
    fn the_smallest_number_over_minus_one_overflows() {
        let bindings = Bindings::from([("low".to_owned(), i64::MIN), ("one".to_owned(), -1)]);
        let error = evaluate("low / one", &bindings).unwrap_err();
        assert!(error.contains("overflows"), "{error}");
    }

    #[test]
    fn parentheses_nest_so_deep_and_no_deeper() {
        let nested = |depth: usize| format!("{}seq{}", "(".repeat(depth), ")".repeat(depth));
        assert_eq!(value(&nested(DEEPEST)), Ok(6));
        for depth in [DEEPEST + 1, 1_000_000] {
            assert!(value(&nested(depth)).unwrap_err().contains("parentheses"));
        }
        assert_eq!(
            value(&format!("{}1", "(seq) + ".repeat(1000))),
            Ok(6 * 1000 + 1)
        );
    }

    /// An expression that parses, over numbers at the ends of what there is.
    fn expression() -> impl Strategy<Value = String> {
        let leaf = prop::sample::select(vec![
            "low",
            "one",
            "high",
            "0",
            "1",
            "7",
            "9223372036854775807",
        ]);
        leaf.prop_map(str::to_owned)
            .prop_recursive(4, 16, 2, |inner| {
                let operator = prop::sample::select(vec!["+", " - ", "*", " / "]);
                (inner.clone(), operator, inner, any::<bool>()).prop_map(
                    |(left, operator, right, closed)| match closed {
                        true => format!("({left}{operator}{right})"),
                        false => format!("{left}{operator}{right}"),
                    },
                )
            })
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(512))]

        #[test]
        fn any_expression_has_a_value_or_a_message(text in expression(), splices in prop::option::of(splices())) {
            let bindings = Bindings::from([
                ("low".to_owned(), i64::MIN), ("one".to_owned(), -1), ("high".to_owned(), i64::MAX),
            ]);
            let damaged = splices.map(|splices| spliced(&text, &splices));
            let _ = evaluate(damaged.as_ref().unwrap_or(&text), &bindings);
        }
    }
}
