//! Which threads a sound is made on; only Linux is asked, which lists the names of a process's threads in a folder.
#![cfg(target_os = "linux")]

use anyhow::Result;
use straightshot_engine::pipeline::Generator;
use straightshot_protocol::{CancelToken, Request};

/// Threads of libraries would have normal priority, spin, and outlive the plugin.
#[test]
fn the_engine_computes_on_its_own_pool_and_nowhere_else() -> Result<()> {
    let generator = Generator::builtin()?;
    // Large enough for whatever is spread over threads: the longest clip of the plugin, several clips, guidance.
    let long = Request { seconds: 30.0, steps: 2, guidance: 6.0, ..Request::default() };
    let several = Request { seconds: 5.0, variations: 6, ..long.clone() };
    for (i, request) in [long, several].into_iter().enumerate() {
        let request = Request { prompt: format!("rain on a roof {i}"), ..request };
        assert!(generator.together(&request) > 0);
        generator.generate(&request, &mut |_| (), &CancelToken::default())?;
    }
    let mut names = Vec::new();
    for task in std::fs::read_dir("/proc/self/task")? {
        names.push(std::fs::read_to_string(task?.path().join("comm")).unwrap_or_default().trim().to_owned());
    }
    assert!(names.iter().any(|name| name.starts_with("straightshot-")), "no pool among {names:?}");
    assert!(!names.iter().any(|name| name.starts_with("candle")), "candle's threads are among {names:?}");
    // Only the first to ask may say how rayon's own pool is to be; it is started for whatever runs outside of a pool.
    let first = rayon::ThreadPoolBuilder::new().num_threads(1).build_global();
    assert!(first.is_ok(), "rayon's own threads were started");
    Ok(())
}
