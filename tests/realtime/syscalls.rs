//! Counts the system calls of one thread: a lock that somebody else holds, a file, a line of output and a nap are all one.
//!
//! A filter of Linux (seccomp) turns every system call of the thread into a signal, whose handler counts it and then
//! makes it by an instruction that the filter knows and lets through. So everything works as before, and is counted.
//!
//! A lock that nobody holds is no system call, so tests hold the locks that matter from another thread meanwhile.

use std::cell::Cell;

thread_local! {
    /// System calls of this thread since it is under observation. Constant and without a destructor: the handler uses it.
    static COUNT: Cell<u64> = const { Cell::new(0) };
}

/// System calls of this thread since [`observe`]; always 0 without it.
pub(crate) fn count() -> u64 {
    COUNT.try_with(Cell::get).unwrap_or(0)
}

/// Puts the calling thread under observation for the rest of its life. Returns whether this system can do that.
#[must_use]
pub(crate) fn observe() -> bool {
    #[cfg(all(target_os = "linux", target_arch = "x86_64"))]
    return linux::observe();
    #[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
    false
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[expect(
    clippy::multiple_unsafe_ops_per_block,
    reason = "three calls of the system that make sense together"
)]
mod linux {
    use super::COUNT;
    use libc::{c_int, c_void, siginfo_t, sock_filter, sock_fprog, ucontext_t};

    // The one instruction that the filter lets through. Arguments: number and six of the call.
    std::arch::global_asm!(
        ".globl straightshot_pass",
        "straightshot_pass:",
        "mov rax, rdi",
        "mov rdi, rsi",
        "mov rsi, rdx",
        "mov rdx, rcx",
        "mov r10, r8",
        "mov r8, r9",
        "mov r9, [rsp + 8]",
        "syscall",
        ".globl straightshot_passed",
        "straightshot_passed:",
        "ret",
    );

    unsafe extern "C" {
        fn straightshot_pass(number: i64, a: i64, b: i64, c: i64, d: i64, e: i64, f: i64) -> i64;
        fn straightshot_passed();
    }

    extern "C" fn counted(_signal: c_int, _info: *mut siginfo_t, context: *mut c_void) {
        // SAFETY: the kernel passes the registers of the interrupted call, which the handler may change.
        let registers = unsafe { &mut (*context.cast::<ucontext_t>()).uc_mcontext.gregs };
        let _ = COUNT.try_with(|count| count.set(count.get() + 1));
        let [number, a, b, c, d, e, f] = [
            libc::REG_RAX,
            libc::REG_RDI,
            libc::REG_RSI,
            libc::REG_RDX,
            libc::REG_R10,
            libc::REG_R8,
            libc::REG_R9,
        ]
        .map(|register| registers[register as usize]);
        // SAFETY: the very call that the thread wanted to make.
        registers[libc::REG_RAX as usize] = unsafe { straightshot_pass(number, a, b, c, d, e, f) };
    }

    pub(super) fn observe() -> bool {
        const LOAD: u16 = 0x20;
        const EQUAL: u16 = 0x15;
        const RETURN: u16 = 0x06;
        const ALLOW: u32 = 0x7fff_0000;
        const TRAP: u32 = 0x0003_0000;
        let passed = straightshot_passed as *const () as u64;
        let (low, high) = (passed as u32, (passed >> 32) as u32);
        let step = |code, k| sock_filter { code, jt: 0, jf: 0, k };
        let test = |k, jt, jf| sock_filter { code: EQUAL, jt, jf, k };
        // The ends of the handler and of the thread are let through; so is what comes from our instruction.
        let mut program = [
            step(LOAD, 0),
            test(libc::SYS_rt_sigreturn as u32, 6, 0),
            test(libc::SYS_exit as u32, 5, 0),
            test(libc::SYS_exit_group as u32, 4, 0),
            step(LOAD, 8),
            test(low, 0, 3),
            step(LOAD, 12),
            test(high, 0, 1),
            step(RETURN, ALLOW),
            step(RETURN, TRAP),
        ];
        let filter = sock_fprog { len: program.len() as u16, filter: program.as_mut_ptr() };
        // SAFETY: the handler is installed before the filter, and both only concern this thread's system calls.
        unsafe {
            let mut action: libc::sigaction = std::mem::zeroed();
            action.sa_sigaction = counted as *const () as usize;
            action.sa_flags = libc::SA_SIGINFO;
            libc::sigaction(libc::SIGSYS, &raw const action, std::ptr::null_mut()) == 0
                && libc::prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) == 0
                && libc::prctl(libc::PR_SET_SECCOMP, libc::SECCOMP_MODE_FILTER, &raw const filter) == 0
        }
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
#[test]
fn the_detector_fires() {
    use crate::counting::watch;
    use std::io::Write;
    use std::sync::{Barrier, Mutex};
    use std::time::Duration;

    let lock = Mutex::new(0_u32);
    let held = Barrier::new(2);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let guard = lock.lock().expect("nobody panics");
            held.wait();
            std::thread::sleep(Duration::from_millis(50));
            drop(guard);
        });
        let observed = scope.spawn(|| {
            assert!(observe(), "seccomp is refused here");
            held.wait();
            let syscalls = |action: &mut dyn FnMut()| watch(action).1.syscalls;
            assert!(syscalls(&mut || drop(lock.lock())) > 0, "a lock that is held");
            assert!(syscalls(&mut || drop(std::fs::metadata("/"))) > 0, "a file");
            assert!(syscalls(&mut || std::thread::sleep(Duration::from_micros(1))) > 0, "a nap");
            let mut nowhere = std::fs::File::create("/dev/null").expect("it is there");
            assert!(syscalls(&mut || drop(nowhere.write_all(b"a line"))) > 0, "a line");
            let mut sum = 0_u64;
            assert_eq!(syscalls(&mut || sum = (0..1000).map(std::hint::black_box).sum()), 0, "arithmetic");
        });
        observed.join().expect("the observed thread ends as others do");
    });
}
