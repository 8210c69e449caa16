//! [any thread] Where the host is: its rate and its playback cursor, for what files say about themselves.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};
use straightshot_delivery::Host;
use straightshot_playback::telemetry::Telemetry;

/// What the host has said last.
#[derive(Debug, Default)]
pub struct HostPlace {
    telemetry: Arc<Telemetry>,
    /// Hz; 0 until the host activates the plugin. A number of its own: a file that is described with the rate of a moment ago
    /// is as good.
    rate_hz: AtomicU32,
}

impl HostPlace {
    /// The host whose position the audio thread tells to `telemetry`.
    #[must_use]
    pub fn new(telemetry: Arc<Telemetry>) -> Self {
        Self { telemetry, ..Self::default() }
    }

    /// Notes the rate with which the host activates the plugin.
    pub fn activated(&self, rate_hz: u32) {
        self.rate_hz.store(rate_hz, Ordering::Relaxed);
    }

    /// The host as files describe it.
    #[must_use]
    pub fn host(&self) -> Host {
        let rate_hz = Some(self.rate_hz.load(Ordering::Relaxed)).filter(|rate| *rate > 0);
        Host { rate_hz, position_s: self.telemetry.song_position_s() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bwf_rate_is_the_hosts_once_it_is_known() {
        let place = HostPlace::default();
        assert_eq!(place.host(), Host::default());
        place.activated(48_000);
        assert_eq!(place.host(), Host { rate_hz: Some(48_000), position_s: None });
    }
}
