//! A minimal VST3 host on the COM bindings: as much as the tests need.
#![expect(clippy::multiple_unsafe_ops_per_block, reason = "every call of a VST3 interface is unsafe")]

mod parameters;
mod playing;
mod unruly;

pub(crate) use playing::Note;
pub(crate) use unruly::Shape;

use anyhow::{Context, Result, ensure};
use libloading::os::unix::Library;
use std::cell::RefCell;
use std::ffi::{CStr, c_void};
use std::path::Path;
use std::ptr::null_mut;
use vst3::Steinberg::Vst::{
    AudioBusBuffers, AudioBusBuffers__type0, BusDirections_, IAudioProcessor, IAudioProcessorTrait,
    IComponent, IComponentTrait, IEditController, IEditControllerTrait, IParamValueQueue,
    IParamValueQueueTrait, IParameterChanges, IParameterChangesTrait, MediaTypes_, ParamID, ParamValue,
    ParameterInfo, ProcessData, ProcessModes_, ProcessSetup, SymbolicSampleSizes_,
};
use vst3::Steinberg::{
    FIDString, FUnknown, IBStream, IBStreamTrait, IPlugView, IPluginBaseTrait, IPluginFactory,
    IPluginFactory2, IPluginFactory2Trait, IPluginFactoryTrait, PClassInfo, PClassInfo2, int32, int64,
    kInvalidArgument, kResultFalse, kResultOk, tresult,
};
use vst3::{Class, ComPtr, ComWrapper, Interface};

/// Frames per call of the plugin.
pub(crate) const BLOCK_FRAMES: usize = 256;

/// A loaded VST3 library; drop its instances first.
pub(crate) struct Module {
    factory: Option<ComPtr<IPluginFactory>>,
    library: Library,
}

impl Module {
    /// Loads the library inside of a bundle and calls its entry point.
    pub(crate) fn load(path: &Path) -> Result<Self> {
        // SAFETY: the library is our own build; its initialisers are those of Rust's standard library.
        let library =
            unsafe { Library::new(path) }.with_context(|| format!("{} cannot be loaded", path.display()))?;
        // SAFETY: the three entry points have these types by the VST3 specification for Linux.
        let factory = unsafe {
            let entry = library.get::<unsafe extern "C" fn(*mut c_void) -> bool>(b"ModuleEntry")?;
            // The handle is for plugins that look for their own files; ours does not.
            ensure!(entry(null_mut()), "ModuleEntry refused");
            let factory =
                library.get::<unsafe extern "C" fn() -> *mut IPluginFactory>(b"GetPluginFactory")?;
            ComPtr::from_raw(factory()).context("GetPluginFactory returned nothing")?
        };
        Ok(Self { factory: Some(factory), library })
    }

    /// Name and class id of the first plugin.
    pub(crate) fn first_class(&self) -> Result<(String, [i8; 16])> {
        let factory = self.factory.as_ref().context("the module is closed")?;
        // SAFETY: the factory is alive, and the description is plain data which the call fills.
        unsafe {
            ensure!(factory.countClasses() > 0, "the factory offers nothing");
            let mut info: PClassInfo = std::mem::zeroed();
            ensure!(
                factory.getClassInfo(0, &raw mut info) == kResultOk,
                "the factory does not describe its class"
            );
            Ok((CStr::from_ptr(info.name.as_ptr()).to_string_lossy().into_owned(), info.cid))
        }
    }

    /// The version of the first plugin.
    pub(crate) fn version(&self) -> Result<String> {
        let factory = self.factory.as_ref().context("the module is closed")?;
        let factory = factory.cast::<IPluginFactory2>().context("the factory tells no versions")?;
        // SAFETY: plain numbers and letters, for which zero is a value.
        let mut info: PClassInfo2 = unsafe { std::mem::zeroed() };
        // SAFETY: the factory is alive, and the call fills the description.
        let result = unsafe { factory.getClassInfo2(0, &raw mut info) };
        ensure!(result == kResultOk, "the factory does not describe its class");
        // SAFETY: the description holds texts that end with a zero.
        Ok(unsafe { CStr::from_ptr(info.version.as_ptr()) }.to_string_lossy().into_owned())
    }

    /// Makes an instance of the first plugin in a host without an interface of its own.
    pub(crate) fn instance(&self) -> Result<Instance> {
        self.instance_in(null_mut())
    }

    /// Makes an instance of the first plugin in `host`, an `FUnknown` that outlives it, or null.
    pub(crate) fn instance_in(&self, host: *mut FUnknown) -> Result<Instance> {
        let (_, class) = self.first_class()?;
        let factory = self.factory.as_ref().context("the module is closed")?;
        let mut object = null_mut();
        // SAFETY: both ids are 16 bytes long, as the call expects; on success `object` is a new reference.
        let component = unsafe {
            let result =
                factory.createInstance(class.as_ptr(), IComponent::IID.as_ptr().cast(), &raw mut object);
            ensure!(result == kResultOk, "the factory makes no component");
            ComPtr::from_raw(object.cast::<IComponent>()).context("the factory returned nothing")?
        };
        // SAFETY: a component may be initialised once, with a host object or without.
        let initialised = unsafe { component.initialize(host) };
        ensure!(initialised == kResultOk, "the component refuses to initialise");
        let processor = component.cast::<IAudioProcessor>().context("the component does not process")?;
        let controller = component.cast::<IEditController>().context("the component has no controller")?;
        Ok(Instance { component, processor, controller })
    }
}

impl Drop for Module {
    fn drop(&mut self) {
        self.factory = None;
        // SAFETY: as in `load`; nothing of the module is in use any more.
        unsafe {
            if let Ok(exit) = self.library.get::<unsafe extern "C" fn() -> bool>(b"ModuleExit") {
                exit();
            }
        }
    }
}

/// One plugin instance. VST3 pointers are `Send` here: the host keeps to the threads of the specification.
pub(crate) struct Instance {
    component: ComPtr<IComponent>,
    processor: ComPtr<IAudioProcessor>,
    controller: ComPtr<IEditController>,
}

impl Instance {
    /// Ids of the parameters a host shows.
    pub(crate) fn param_ids(&self) -> Vec<ParamID> {
        // SAFETY: the controller is alive, and the description is plain data which the call fills.
        unsafe {
            (0..self.controller.getParameterCount())
                .filter_map(|index| {
                    let mut info: ParameterInfo = std::mem::zeroed();
                    (self.controller.getParameterInfo(index, &raw mut info) == kResultOk).then_some(info.id)
                })
                .collect()
        }
    }

    /// What the plugin answers when it is asked for the parameter after the last.
    pub(crate) fn param_after_the_last(&self) -> tresult {
        // SAFETY: as in `param_ids`.
        unsafe {
            let mut info: ParameterInfo = std::mem::zeroed();
            self.controller.getParameterInfo(self.controller.getParameterCount(), &raw mut info)
        }
    }

    /// The bytes a host would keep in its project file.
    pub(crate) fn state(&self) -> Result<Vec<u8>> {
        let stream = ComWrapper::new(Stream::default());
        let pointer = stream.to_com_ptr::<IBStream>().context("the stream has no such interface")?;
        // SAFETY: the component and the stream are alive during the call.
        let result = unsafe { self.component.getState(pointer.as_ptr()) };
        ensure!(result == kResultOk, "the component does not save");
        Ok(stream.written.borrow().clone())
    }

    /// A new view of the editor.
    pub(crate) fn view(&self) -> Result<ComPtr<IPlugView>> {
        // SAFETY: the name is one of the specification's; the view is a new reference.
        unsafe { ComPtr::from_raw(self.controller.createView(c"editor".as_ptr())) }
            .context("there is no editor")
    }

    /// Starts processing at 48 kHz.
    pub(crate) fn start(&self) -> Result<()> {
        self.start_in(ProcessModes_::kRealtime.cast_signed())
    }

    /// Starts a render that waits for the plugin where it has to.
    pub(crate) fn start_offline(&self) -> Result<()> {
        self.start_in(ProcessModes_::kOffline.cast_signed())
    }

    fn start_in(&self, mode: i32) -> Result<()> {
        let mut setup = ProcessSetup {
            processMode: mode,
            symbolicSampleSize: SymbolicSampleSizes_::kSample32.cast_signed(),
            maxSamplesPerBlock: i32::try_from(BLOCK_FRAMES)?,
            sampleRate: 48_000.0,
        };
        let (audio, output) = (MediaTypes_::kAudio.cast_signed(), BusDirections_::kOutput.cast_signed());
        // SAFETY: the calls of the specification, in its order.
        unsafe {
            ensure!(self.processor.setupProcessing(&raw mut setup) == kResultOk, "the set-up is refused");
            ensure!(self.component.activateBus(audio, output, 0, 1) == kResultOk, "the output is refused");
            ensure!(self.component.setActive(1) == kResultOk, "activation is refused");
            // Many plugins answer that they do not implement it, which is allowed.
            self.processor.setProcessing(1);
        }
        Ok(())
    }

    /// Ends what [`Instance::start`] began.
    pub(crate) fn stop(&self) {
        // SAFETY: the calls of the specification, in its order.
        unsafe {
            self.processor.setProcessing(0);
            self.component.setActive(0);
        }
    }

    /// Processes one block in which the given parameters take new normalised values.
    pub(crate) fn process(&self, changes: &[(ParamID, ParamValue)]) -> tresult {
        let Some(changes) = changes_of(changes) else { return kResultFalse };
        let (mut left, mut right) = ([0.0_f32; BLOCK_FRAMES], [0.0_f32; BLOCK_FRAMES]);
        let mut channels = [left.as_mut_ptr(), right.as_mut_ptr()];
        let mut output = AudioBusBuffers {
            numChannels: 2,
            silenceFlags: 0,
            __field0: AudioBusBuffers__type0 { channelBuffers32: channels.as_mut_ptr() },
        };
        // SAFETY: every pointer is null or valid during the call, and the channels hold BLOCK_FRAMES samples.
        unsafe {
            let mut data: ProcessData = std::mem::zeroed();
            data.symbolicSampleSize = SymbolicSampleSizes_::kSample32.cast_signed();
            data.numSamples = 256;
            data.numOutputs = 1;
            data.outputs = &raw mut output;
            data.inputParameterChanges = changes.as_ptr();
            self.processor.process(&raw mut data)
        }
    }
}

impl Drop for Instance {
    fn drop(&mut self) {
        // SAFETY: the last call before the references are released.
        unsafe { self.component.terminate() };
    }
}

/// Parameter changes for one block, see [`Instance::process`].
fn changes_of(changes: &[(ParamID, ParamValue)]) -> Option<ComPtr<IParameterChanges>> {
    ComWrapper::new(Changes::new(changes)).to_com_ptr::<IParameterChanges>()
}

/// A stream that can only be written to.
#[derive(Default)]
struct Stream {
    written: RefCell<Vec<u8>>,
}

impl Class for Stream {
    type Interfaces = (IBStream,);
}

impl IBStreamTrait for Stream {
    unsafe fn read(&self, _buffer: *mut c_void, _length: int32, _done: *mut int32) -> tresult {
        kResultFalse
    }

    unsafe fn write(&self, buffer: *mut c_void, length: int32, done: *mut int32) -> tresult {
        let Ok(count) = usize::try_from(length) else { return kInvalidArgument };
        // SAFETY: the caller passes as many bytes as it says.
        let bytes = unsafe { std::slice::from_raw_parts(buffer.cast::<u8>(), count) };
        self.written.borrow_mut().extend_from_slice(bytes);
        if !done.is_null() {
            // SAFETY: the caller passes null or a valid place.
            unsafe { *done = length };
        }
        kResultOk
    }

    unsafe fn seek(&self, _position: int64, _mode: int32, _result: *mut int64) -> tresult {
        kResultFalse
    }

    unsafe fn tell(&self, _position: *mut int64) -> tresult {
        kResultFalse
    }
}

/// A view's window type on X11.
pub(crate) const X11: FIDString = vst3::Steinberg::kPlatformTypeX11EmbedWindowID;

/// Parameter changes of one block: one point for each parameter, at its start.
struct Changes {
    queues: Vec<ComPtr<IParamValueQueue>>,
}

impl Changes {
    fn new(changes: &[(ParamID, ParamValue)]) -> Self {
        let queue = |(id, value)| ComWrapper::new(Queue { id, value }).to_com_ptr::<IParamValueQueue>();
        Self { queues: changes.iter().copied().filter_map(queue).collect() }
    }
}

impl Class for Changes {
    type Interfaces = (IParameterChanges,);
}

impl IParameterChangesTrait for Changes {
    unsafe fn getParameterCount(&self) -> int32 {
        i32::try_from(self.queues.len()).unwrap_or(0)
    }

    unsafe fn getParameterData(&self, index: int32) -> *mut IParamValueQueue {
        let queue = usize::try_from(index).ok().and_then(|index| self.queues.get(index));
        queue.map_or(null_mut(), ComPtr::as_ptr)
    }

    unsafe fn addParameterData(&self, _id: *const ParamID, _index: *mut int32) -> *mut IParamValueQueue {
        null_mut()
    }
}

/// One point of one parameter.
struct Queue {
    id: ParamID,
    value: ParamValue,
}

impl Class for Queue {
    type Interfaces = (IParamValueQueue,);
}

impl IParamValueQueueTrait for Queue {
    unsafe fn getParameterId(&self) -> ParamID {
        self.id
    }

    unsafe fn getPointCount(&self) -> int32 {
        1
    }

    unsafe fn getPoint(&self, index: int32, offset: *mut int32, value: *mut ParamValue) -> tresult {
        if index != 0 {
            return kInvalidArgument;
        }
        // SAFETY: the caller passes two valid places, as the specification demands.
        unsafe {
            *offset = 0;
            *value = self.value;
        }
        kResultOk
    }

    unsafe fn addPoint(&self, _offset: int32, _value: ParamValue, _index: *mut int32) -> tresult {
        kResultFalse
    }
}
