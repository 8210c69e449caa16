//! Correctness of the engine: golden tensors, gradients, laws of the flow, the whole pipeline, other
//! precisions, bad input.

mod bad_input;
mod builtin;
mod codec;
mod curves;
mod flow_laws;
mod golden;
mod gradients;
mod honest;
mod library;
mod memory;
mod performance;
mod pipeline;
mod precision;
mod sequence;
mod structure;
mod tiny_model;
mod training;
mod width;
