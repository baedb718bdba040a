//! Memory that no kernel may touch, where AddressSanitizer's runtime is in the process.

use std::ffi::c_void;

use libloading::os::unix::Library;

use super::Span;

type Mark = unsafe extern "C" fn(*const c_void, usize);

/// Fences that stand while kernels run. Between launches they are down: the harness itself paints and reads there.
pub(super) struct Fences {
    poison: Mark,
    unpoison: Mark,
    spans: Vec<Span>,
}

/// Raised fences; lowered when dropped.
pub(super) struct Raised<'a>(&'a Fences);

impl Fences {
    /// `None` without the runtime.
    pub(super) fn of_process() -> Option<Self> {
        let process = Library::this();
        let find = |name: &[u8]| {
            // SAFETY: sanitizer/asan_interface.h gives both functions this type.
            unsafe { process.get::<Mark>(name) }
                .ok()
                .map(|symbol| *symbol)
        };
        Some(Self {
            poison: find(b"__asan_poison_memory_region")?,
            unpoison: find(b"__asan_unpoison_memory_region")?,
            spans: Vec::new(),
        })
    }

    pub(super) fn add(&mut self, spans: &[Span]) {
        self.spans.extend_from_slice(spans);
    }

    /// Forgets the fences in memory that is released.
    pub(super) fn forget(&mut self, block: Span) {
        self.spans.retain(|span| !block.contains(span.address));
    }

    pub(super) fn raise(&self) -> Raised<'_> {
        self.mark(self.poison);
        Raised(self)
    }

    fn mark(&self, mark: Mark) {
        for span in &self.spans {
            // SAFETY: changes shadow memory alone.
            unsafe { mark(span.address as *const c_void, span.bytes as usize) };
        }
    }
}

impl Drop for Raised<'_> {
    fn drop(&mut self) {
        self.0.mark(self.0.unpoison);
    }
}
