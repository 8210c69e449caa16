//! A host hears of unsaved work in its own way, and no parameter is there for it.

use crate::alone::{alone_with_display, clap_bundle, vst3_library};
use crate::editor::Editor;
use crate::reaper::Frame;
use crate::vst3_host::{self, Module, X11};
use crate::window::HostWindow;
use anyhow::{Context, Result, ensure};
use std::sync::Mutex;
use std::time::{Duration, Instant};
use straightshot_tests::clap_host::{Instance, PluginState, request};
use vst3::Steinberg::Vst::{
    IComponentHandler, IComponentHandler2, IComponentHandler2Trait, IComponentHandlerTrait, ParamID,
    ParamValue,
};
use vst3::Steinberg::{FIDString, IPlugFrame, IPlugViewTrait, TBool, kNotImplemented, kResultOk, tresult};
use vst3::{Class, ComWrapper};

/// How long a short sound may take on a busy machine.
const LIMIT: Duration = Duration::from_secs(60);

/// What a host's handler was told, in order.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Told {
    Dirty,
    Edit(ParamID, ParamValue),
}

/// A handler with the second interface, and one without.
#[derive(Default)]
struct Handler(Mutex<Vec<Told>>);
#[derive(Default)]
struct OldHandler(Mutex<Vec<Told>>);

impl Class for Handler {
    type Interfaces = (IComponentHandler, IComponentHandler2);
}

impl Class for OldHandler {
    type Interfaces = (IComponentHandler,);
}

fn tell(told: &Mutex<Vec<Told>>, what: Told) -> tresult {
    told.lock().expect("nothing panics under it").push(what);
    kResultOk
}

macro_rules! component_handler {
    ($name:ident) => {
        impl IComponentHandlerTrait for $name {
            unsafe fn beginEdit(&self, _id: ParamID) -> tresult {
                kResultOk
            }
            unsafe fn performEdit(&self, id: ParamID, value: ParamValue) -> tresult {
                tell(&self.0, Told::Edit(id, value))
            }
            unsafe fn endEdit(&self, _id: ParamID) -> tresult {
                kResultOk
            }
            unsafe fn restartComponent(&self, _flags: i32) -> tresult {
                kResultOk
            }
        }
    };
}
component_handler!(Handler);
component_handler!(OldHandler);

impl IComponentHandler2Trait for Handler {
    unsafe fn setDirty(&self, state: TBool) -> tresult {
        assert_eq!(state, 1, "the plugin has nothing to take back");
        tell(&self.0, Told::Dirty)
    }
    unsafe fn requestOpenEditor(&self, _name: FIDString) -> tresult {
        kNotImplemented
    }
    unsafe fn startGroupEdit(&self) -> tresult {
        kResultOk
    }
    unsafe fn finishGroupEdit(&self) -> tresult {
        kResultOk
    }
}

/// Has a VST3 instance make a sound while its window is open, until its host was told something.
fn make_a_sound(instance: &vst3_host::Instance, told: &Mutex<Vec<Told>>) -> Result<Vec<Told>> {
    let view = instance.view()?;
    let frame = ComWrapper::new(Frame::default());
    let pointer = frame.to_com_ptr::<IPlugFrame>().context("the frame has no such interface")?;
    let window = HostWindow::open(1080, 700)?.named("VST3 editor")?;
    // SAFETY: the frame outlives the view.
    ensure!(unsafe { view.setFrame(pointer.as_ptr()) } == kResultOk, "the frame is refused");
    // SAFETY: the window exists until the view is removed.
    ensure!(unsafe { view.attached(window.id as usize as *mut _, X11) } == kResultOk, "no editor");
    window.wait_until_drawn(|| frame.idle())?;
    ensure!(told.lock().expect("nothing panics under it").is_empty(), "a new instance has nothing to save");
    let mut state = PluginState::from_json(&instance.state()?)?;
    state.ask_for(&request("rain on a tent", 1, 0.5, 1));
    instance.set_state(&state.to_json()?)?;
    let begun = Instant::now();
    while told.lock().expect("nothing panics under it").is_empty() {
        ensure!(begun.elapsed() < LIMIT, "the host was told nothing");
        frame.idle();
        std::thread::sleep(Duration::from_millis(5));
    }
    // SAFETY: the counterpart of `attached`.
    ensure!(unsafe { view.removed() } == kResultOk, "the editor cannot be removed");
    Ok(told.lock().expect("nothing panics under it").clone())
}

#[test]
fn a_vst3_host_hears_of_unsaved_work() {
    alone_with_display(|| {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let handler = ComWrapper::new(Handler::default());
        let pointer = handler.to_com_ptr::<IComponentHandler>().context("no such interface")?;
        instance.set_handler(pointer.as_ptr())?;
        let told = make_a_sound(&instance, &handler.0)?;
        ensure!(told.iter().all(|told| *told == Told::Dirty), "{told:?}");
        // A host may take its handler away before the instance.
        instance.set_handler(std::ptr::null_mut())?;
        drop(instance);
        Ok(())
    });
}

#[test]
fn a_vst3_host_without_an_ear_sees_a_parameter_set_to_what_it_is() {
    alone_with_display(|| {
        let module = Module::load(&vst3_library()?)?;
        let instance = module.instance()?;
        let handler = ComWrapper::new(OldHandler::default());
        let pointer = handler.to_com_ptr::<IComponentHandler>().context("no such interface")?;
        instance.set_handler(pointer.as_ptr())?;
        let told = make_a_sound(&instance, &handler.0)?;
        let params = instance.parameters()?;
        for told in told {
            let Told::Edit(id, value) = told else { anyhow::bail!("{told:?}") };
            let param = params.iter().find(|param| param.id == id).context("no such parameter")?;
            ensure!(!param.automatable && param.title == "Lowest key" && value == 0.0, "{param:?}: {value}");
        }
        drop(instance);
        Ok(())
    });
}

#[test]
fn a_clap_host_hears_of_unsaved_work() {
    alone_with_display(|| {
        let mut instance = Instance::new(&clap_bundle()?)?;
        ensure!(instance.params()?.iter().all(|param| !param.hidden), "nothing is hidden");
        let editor = Editor::open(&mut instance, Duration::ZERO)?;
        editor.wait_until_drawn(&mut instance)?;
        ensure!(instance.marked_dirty() == 0, "a new instance has nothing to save");
        let mut state = instance.state()?;
        state.ask_for(&request("rain on a tent", 1, 0.5, 1));
        instance.set_state(&state)?;
        let begun = Instant::now();
        while instance.marked_dirty() == 0 {
            ensure!(begun.elapsed() < LIMIT, "the host was told nothing");
            instance.idle();
            std::thread::sleep(Duration::from_millis(5));
        }
        editor.close(&mut instance);
        Ok(())
    });
}
