//! What a card was asked for once, to be asked for again by a single call: a graph of CUDA's.

use candle_core::cuda_backend::WrapErr;
use candle_core::cuda_backend::cudarc::driver::CudaGraph;
use candle_core::cuda_backend::cudarc::driver::sys::CUgraphInstantiate_flags;
use candle_core::cuda_backend::cudarc::driver::sys::CUstreamCaptureMode_enum::CU_STREAM_CAPTURE_MODE_THREAD_LOCAL;
use candle_core::{Device, Result, Tensor, bail};

/// A computation with memory of its own for what goes in.
pub(crate) struct Recorded {
    // Given back first, while the graph that it came from is still there.
    outputs: Vec<Tensor>,
    inputs: Vec<Tensor>,
    graph: CudaGraph,
}

// SAFETY: a graph must not be used by two threads at once, which nothing that is only sent can be; it belongs to no thread
// otherwise. Every call binds the card's context to the thread that makes it.
unsafe impl Send for Recorded {}

impl Recorded {
    /// Computes once, for kernels to be loaded and shapes to be on the card, then once more while the card only notes what
    /// it is asked for.
    pub(crate) fn new(
        inputs: &[&Tensor],
        compute: &dyn Fn(&[Tensor]) -> Result<Vec<Tensor>>,
    ) -> Result<Self> {
        let Some(Device::Cuda(device)) = inputs.first().map(|x| x.device()) else {
            bail!("a tensor is not on the card")
        };
        let stream = device.cuda_stream();
        // Shapes that kernels are told by way of the card's memory are uploaded by the first run and found by the second.
        let _shapes = device.enable_cuda_graph_htod_cache();
        let inputs = inputs.iter().map(|x| x.force_contiguous()).collect::<Result<Vec<_>>>()?;
        drop(compute(&inputs)?);
        stream.begin_capture(CU_STREAM_CAPTURE_MODE_THREAD_LOCAL).w()?;
        let outputs = compute(&inputs);
        // Ended in any case: the stream would do nothing any more. What the graph leaves for its reader is freed by its next
        // run, or with the tensors here.
        let graph =
            stream.end_capture(CUgraphInstantiate_flags::CUDA_GRAPH_INSTANTIATE_FLAG_AUTO_FREE_ON_LAUNCH).w();
        let (outputs, graph) = match (outputs, graph) {
            (Ok(outputs), Ok(Some(graph))) => (outputs, graph),
            (outputs, graph) => {
                let said = outputs.as_ref().err().map(ToString::to_string);
                let said = said.or_else(|| graph.err().map(|e| e.to_string()));
                drop(outputs);
                // Memory that was noted and never there could not be freed either; that error is none.
                let _ = stream.context().check_err();
                bail!("not recorded: {}", said.unwrap_or_else(|| "nothing was noted".to_owned()));
            }
        };
        // At once: outputs are in memory that a run of the graph makes.
        graph.launch().w()?;
        Ok(Self { outputs, inputs, graph })
    }

    /// Computes the same from other values of the same shapes.
    pub(crate) fn play(&self, inputs: &[&Tensor]) -> Result<Vec<Tensor>> {
        for (to, from) in self.inputs.iter().zip(inputs) {
            to.slice_set(&from.contiguous()?, 0, 0)?;
        }
        self.graph.launch().w()?;
        self.outputs.iter().map(Tensor::force_contiguous).collect()
    }
}
