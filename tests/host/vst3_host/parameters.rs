//! What the plugin says of its parameters and of the controllers behind them.

use super::Instance;
use anyhow::{Context, Result, ensure};
use vst3::Steinberg::Vst::{
    IComponentHandler, IEditControllerTrait, IMidiMapping, IMidiMappingTrait, ParamID, ParameterInfo,
    ParameterInfo_::ParameterFlags_, String128, TChar,
};
use vst3::Steinberg::kResultOk;

/// The flag of a parameter that hosts are not to show; the bindings lack it.
const HIDDEN: i32 = 1 << 4;

/// One parameter, as the plugin describes it.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Parameter {
    pub(crate) id: ParamID,
    pub(crate) title: String,
    pub(crate) units: String,
    pub(crate) hidden: bool,
    pub(crate) automatable: bool,
}

impl Instance {
    /// Every parameter, hidden ones too.
    pub(crate) fn parameters(&self) -> Result<Vec<Parameter>> {
        // SAFETY: the controller is alive.
        let count = unsafe { self.controller.getParameterCount() };
        (0..count).map(|index| self.parameter(index)).collect()
    }

    fn parameter(&self, index: i32) -> Result<Parameter> {
        // SAFETY: the controller is alive, and the description is plain data which the call fills.
        let info = unsafe {
            let mut info: ParameterInfo = std::mem::zeroed();
            let result = self.controller.getParameterInfo(index, &raw mut info);
            ensure!(result == kResultOk, "parameter {index} is not described");
            info
        };
        Ok(Parameter {
            id: info.id,
            title: text(&info.title)?,
            units: text(&info.units)?,
            hidden: info.flags & HIDDEN != 0,
            automatable: info.flags & ParameterFlags_::kCanAutomate != 0,
        })
    }

    /// The value of a parameter in its unit, and the normalised value of that.
    pub(crate) fn plain_and_back(&self, id: ParamID, normalised: f64) -> [f64; 2] {
        // SAFETY: the controller is alive.
        unsafe {
            let plain = self.controller.normalizedParamToPlain(id, normalised);
            [plain, self.controller.plainParamToNormalized(id, plain)]
        }
    }

    /// A value as the plugin writes it, without its unit.
    pub(crate) fn value_text(&self, id: ParamID, normalised: f64) -> Result<String> {
        let mut written: String128 = [0; 128];
        // SAFETY: the controller is alive and fills the text.
        let result = unsafe { self.controller.getParamStringByValue(id, normalised, &raw mut written) };
        ensure!(result == kResultOk, "the value has no text");
        text(&written)
    }

    /// Gives the controller the host's handler, or with null takes it away.
    pub(crate) fn set_handler(&self, handler: *mut IComponentHandler) -> Result<()> {
        // SAFETY: the controller is alive and takes references of its own.
        let result = unsafe { self.controller.setComponentHandler(handler) };
        ensure!(result == kResultOk, "the handler is refused");
        Ok(())
    }

    /// The parameter that stands for a MIDI controller of a channel, as a host finds it.
    pub(crate) fn controller_of(&self, channel: i16, number: i16) -> Result<Option<ParamID>> {
        let mapping = self.controller.cast::<IMidiMapping>().context("the plugin takes no controllers")?;
        let mut id = 0;
        // SAFETY: the mapping is alive and fills the number.
        let result = unsafe { mapping.getMidiControllerAssignment(0, channel, number, &raw mut id) };
        Ok((result == kResultOk).then_some(id))
    }
}

/// The letters before the end mark.
fn text(letters: &[TChar]) -> Result<String> {
    let end = letters.iter().position(|letter| *letter == 0).context("a text without an end")?;
    Ok(String::from_utf16(&letters[..end])?)
}
