//! From a text to its embedding: the shipped model, and what a thread keeps between texts.

use std::cell::RefCell;
use std::sync::LazyLock;

use crate::embedding::Embedding;
use crate::kernel::Kernel;
use crate::model::Model;
use crate::network::Scratch;
use crate::tokenizer::{Lattice, Piece};

/// Bytes that begin at a cache line.
#[repr(C, align(64))]
struct Aligned<T: ?Sized>(T);

/// The shipped weights; `model/ORIGIN.md` says where they are from.
static WEIGHTS: &Aligned<[u8]> = &Aligned(*include_bytes!("../model/use-multilingual-v3.bin"));

static SHIPPED: LazyLock<Encoder> = LazyLock::new(|| Encoder::new(shipped_model()));

fn shipped_model() -> Model {
    Model::read(&WEIGHTS.0).expect("the shipped model is of this version: a test reads it")
}

thread_local! {
    static DESK: RefCell<Desk> = RefCell::default();
}

/// What a thread works with: room that is kept from text to text.
#[derive(Default)]
struct Desk {
    normalized: String,
    lattice: Lattice,
    pieces: Vec<u32>,
    scratch: Scratch,
}

/// Embeds a text with the shipped model on the fastest kernel of this machine.
///
/// A text longer than 4,096 characters or [`MAX_PIECES`](crate::MAX_PIECES) pieces is embedded by its beginning.
pub fn embed(text: &str) -> Embedding {
    Encoder::shipped().embed(text)
}

/// Embeds texts, each as [`embed`] does.
pub fn embed_batch(texts: &[&str]) -> Vec<Embedding> {
    Encoder::shipped().embed_batch(texts)
}

/// A model and the kernel it runs on.
#[derive(Debug)]
pub struct Encoder {
    model: Model,
    kernel: Kernel,
}

impl Encoder {
    /// Runs a model on the fastest kernel of this machine.
    pub fn new(model: Model) -> Self {
        Self { model, kernel: Kernel::best() }
    }

    /// Runs the shipped model on a kernel of the caller's choice; on the scalar one where the machine lacks it.
    pub fn with_kernel(kernel: Kernel) -> Self {
        Self { model: shipped_model(), kernel }
    }

    /// The encoder behind [`embed`].
    pub fn shipped() -> &'static Self {
        &SHIPPED
    }

    /// The kernel this encoder runs on.
    pub fn kernel(&self) -> Kernel {
        if self.kernel.is_available() { self.kernel } else { Kernel::Scalar }
    }

    /// Embeds a text.
    pub fn embed(&self, text: &str) -> Embedding {
        DESK.with_borrow_mut(|desk| {
            self.model.normalizer.normalize(text, &mut desk.normalized);
            self.model.tokenizer.tokenize(&desk.normalized, &mut desk.lattice, &mut desk.pieces);
            self.kernel.embed(&self.model, &desk.pieces, &mut desk.scratch)
        })
    }

    /// Embeds texts, each as [`Encoder::embed`] does.
    pub fn embed_batch(&self, texts: &[&str]) -> Vec<Embedding> {
        texts.iter().map(|text| self.embed(text)).collect()
    }

    /// Cuts a text into pieces; all of them, also where [`embed`](Self::embed) leaves out the end.
    pub fn tokenize(&self, text: &str) -> Vec<Piece> {
        DESK.with_borrow_mut(|Desk { normalized, lattice, .. }| {
            self.model.normalizer.normalize(text, normalized);
            let split = self.model.tokenizer.split_backwards(normalized, lattice);
            let mut pieces: Vec<Piece> = split
                .map(|(id, range)| Piece { id, text: normalized.get(range).unwrap_or_default().to_owned() })
                .collect();
            pieces.reverse();
            pieces
        })
    }
}
