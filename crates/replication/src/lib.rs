//! From a transaction to a committed ledger entry: the sequencer that orders transactions into signed
//! runs, the narrow trait behind which runs are replicated, and the engine for a service of one node.
//! It knows the KV and the ledger's codecs; it knows nothing of governance or HTTP.
//!
//! Start reading at [`Sequencer`], then [`Engine`].

mod batch;
mod engine;
pub mod limits;
mod one_node;
mod sequencer;
mod status;

pub use batch::Batch;
pub use engine::{Engine, EngineError, Listener, Member, Origin, Role};
pub use one_node::OneNode;
pub use sequencer::{
    CommitError, Driver, Effect, Events, Sequencer, SequencerConfig, SignatureSource,
};
pub use status::TxStatus;
