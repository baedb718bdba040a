//! Seccomp: system calls that reach beyond the worker answer EPERM.
//!
//! A list of what is refused, not of what is allowed: the CUDA driver's calls are not documented, and a call too few would
//! end every run. Threads stay possible, since the driver and the emulated device start them.

use std::collections::BTreeMap;

use libc::c_long;
use seccompiler::{
    BpfProgram, Error, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition,
    SeccompFilter, SeccompRule, apply_filter_all_threads,
};

/// Refused whatever their arguments are.
const REFUSED: [c_long; 62] = [
    // Other programs.
    libc::SYS_execve,
    libc::SYS_execveat,
    // Sockets, and memory and queues that outlive the process.
    libc::SYS_socket,
    libc::SYS_socketpair,
    libc::SYS_shmget,
    libc::SYS_shmat,
    libc::SYS_msgget,
    libc::SYS_semget,
    libc::SYS_mq_open,
    // Other processes.
    libc::SYS_tkill,
    libc::SYS_pidfd_open,
    libc::SYS_pidfd_getfd,
    libc::SYS_pidfd_send_signal,
    libc::SYS_ptrace,
    libc::SYS_process_vm_readv,
    libc::SYS_process_vm_writev,
    libc::SYS_process_madvise,
    libc::SYS_kcmp,
    libc::SYS_setpgid,
    libc::SYS_setsid,
    // Its own limits.
    libc::SYS_setrlimit,
    // Mounts and namespaces.
    libc::SYS_mount,
    libc::SYS_umount2,
    libc::SYS_pivot_root,
    libc::SYS_chroot,
    libc::SYS_unshare,
    libc::SYS_setns,
    libc::SYS_open_tree,
    libc::SYS_move_mount,
    libc::SYS_fsopen,
    libc::SYS_fsconfig,
    libc::SYS_fsmount,
    libc::SYS_fspick,
    libc::SYS_mount_setattr,
    libc::SYS_open_by_handle_at,
    // The kernel's own machines, which run code or calls in the caller's place.
    libc::SYS_bpf,
    libc::SYS_perf_event_open,
    libc::SYS_userfaultfd,
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
    libc::SYS_keyctl,
    libc::SYS_add_key,
    libc::SYS_request_key,
    libc::SYS_init_module,
    libc::SYS_finit_module,
    libc::SYS_delete_module,
    libc::SYS_kexec_load,
    libc::SYS_reboot,
    // The machine's state.
    libc::SYS_swapon,
    libc::SYS_swapoff,
    libc::SYS_sethostname,
    libc::SYS_setdomainname,
    libc::SYS_settimeofday,
    libc::SYS_clock_settime,
    libc::SYS_clock_adjtime,
    libc::SYS_adjtimex,
    libc::SYS_acct,
    libc::SYS_quotactl,
    libc::SYS_syslog,
    libc::SYS_fanotify_init,
    libc::SYS_vhangup,
];

/// Calls that only this architecture has.
#[cfg(target_arch = "x86_64")]
const REFUSED_HERE: [c_long; 7] = [
    libc::SYS_fork,
    libc::SYS_vfork,
    libc::SYS_iopl,
    libc::SYS_ioperm,
    libc::SYS_modify_ldt,
    libc::SYS_kexec_file_load,
    libc::SYS_uselib,
];
#[cfg(not(target_arch = "x86_64"))]
const REFUSED_HERE: [c_long; 0] = [];

/// Marks a call of the x32 ABI, which passes for x86-64's (asm/unistd.h).
#[cfg(target_arch = "x86_64")]
const X32: c_long = 0x4000_0000;

/// Calls among the refused that have a second number in the x32 ABI (arch/x86/entry/syscalls/syscall_64.tbl):
/// execve, ptrace, rt_sigqueueinfo, rt_tgsigqueueinfo, process_vm_readv, process_vm_writev, execveat.
#[cfg(target_arch = "x86_64")]
const REFUSED_OF_X32: [c_long; 7] = [520, 521, 524, 536, 539, 540, 545];

/// Restricts every thread of this process.
pub(super) fn restrict() -> Result<(), Error> {
    // glibc falls back to `clone`, whose flags are an argument and can be judged, when there is no `clone3`.
    let unknown = BTreeMap::from([(libc::SYS_clone3, Vec::new())]);
    apply_filter_all_threads(&program(unknown, libc::ENOSYS)?)?;
    apply_filter_all_threads(&program(refused()?, libc::EPERM)?)
}

fn program(
    rules: BTreeMap<c_long, Vec<SeccompRule>>,
    errno: libc::c_int,
) -> Result<BpfProgram, Error> {
    let filter = SeccompFilter::new(
        rules,
        SeccompAction::Allow,
        SeccompAction::Errno(errno as u32),
        std::env::consts::ARCH.try_into()?,
    )?;
    Ok(filter.try_into()?)
}

fn refused() -> Result<BTreeMap<c_long, Vec<SeccompRule>>, Error> {
    let mut rules: BTreeMap<c_long, Vec<SeccompRule>> = REFUSED
        .into_iter()
        .chain(REFUSED_HERE)
        .map(|call| (call, Vec::new()))
        .collect();
    let own = u64::from(std::process::id());
    let when = |argument, operator, value| {
        let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operator, value)?;
        SeccompRule::new(vec![condition])
    };
    // A process, not a thread.
    let thread = libc::CLONE_THREAD as u64;
    let process = when(0, SeccompCmpOp::MaskedEq(thread), 0)?;
    rules.insert(libc::SYS_clone, vec![process]);
    // Signals go to this process alone: abort() raises one.
    for call in [
        libc::SYS_kill,
        libc::SYS_tgkill,
        libc::SYS_rt_sigqueueinfo,
        libc::SYS_rt_tgsigqueueinfo,
    ] {
        rules.insert(call, vec![when(0, SeccompCmpOp::Ne, own)?]);
    }
    // Limits are read, never set: the new one is a null pointer.
    let limit = SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Ne, 0)?;
    rules.insert(libc::SYS_prlimit64, vec![SeccompRule::new(vec![limit])?]);
    // It dies with its parent, and nobody may look into it.
    let kept = [libc::PR_SET_PDEATHSIG, libc::PR_SET_DUMPABLE];
    let kept = kept.map(|option| when(0, SeccompCmpOp::Eq, option as u64));
    rules.insert(libc::SYS_prctl, kept.into_iter().collect::<Result<_, _>>()?);
    #[cfg(target_arch = "x86_64")]
    refuse_x32(&mut rules);
    Ok(rules)
}

/// Nothing here is built for x32, so that its variants of these calls are refused whole.
#[cfg(target_arch = "x86_64")]
fn refuse_x32(rules: &mut BTreeMap<c_long, Vec<SeccompRule>>) {
    let numbers: Vec<c_long> = rules.keys().copied().chain(REFUSED_OF_X32).collect();
    rules.extend(numbers.into_iter().map(|call| (X32 | call, Vec::new())));
    rules.insert(X32 | libc::SYS_clone3, Vec::new());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_rules_compile_to_a_filter_that_the_kernel_takes() {
        let rules = refused().expect("the rules should be sound");
        for call in [libc::SYS_socket, libc::SYS_execve, libc::SYS_io_uring_setup] {
            assert!(
                rules[&call].is_empty(),
                "{call} is refused whatever is asked"
            );
        }
        let program = program(rules, libc::EPERM).expect("the rules should compile");
        // BPF_MAXINSNS of linux/bpf_common.h.
        assert!(program.len() <= 4096, "{} instructions", program.len());
    }
}
