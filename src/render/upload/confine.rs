//! What the process may do: read one file, write into one folder, compute within limits, and nothing else.

use landlock::{ABI, Access, AccessFs, AccessNet, CompatLevel, Compatible, PathBeneath, PathFd, Ruleset, RulesetAttr, RulesetCreatedAttr};
use nix::sys::resource::{Resource, setrlimit};

use super::UploadJob;

/// Files open at once: the one that is read, those that are written, and what a library opens on its way.
const OPEN_FILES: u64 = 64;

/// Takes from this process, for good, what it does not need. Limits hold on every system. The lock on files and connections is the kernel's Landlock:
/// where there is none, FFmpeg's own lists of formats and protocols stand alone.
///
/// # Errors
/// Where a limit cannot be set.
pub(super) fn confine(job: &UploadJob) -> Result<(), String> {
    let limits = &job.limits;
    for (resource, most) in [
        (Resource::RLIMIT_AS, limits.memory_bytes),
        // One second more, so that the signal that says why comes first.
        (Resource::RLIMIT_CPU, limits.cpu_seconds),
        (Resource::RLIMIT_FSIZE, limits.file_bytes),
        (Resource::RLIMIT_NOFILE, OPEN_FILES),
        (Resource::RLIMIT_CORE, 0),
    ] {
        let hard = if resource == Resource::RLIMIT_CPU { most.saturating_add(1) } else { most };
        setrlimit(resource, most, hard).map_err(|e| format!("a limit could not be set: {e}"))?;
    }
    lock_in(job).map_err(|e| format!("the process could not be locked in: {e}"))
}

fn lock_in(job: &UploadJob) -> Result<(), Box<dyn std::error::Error>> {
    let abi = ABI::V4;
    let reading = AccessFs::ReadFile | AccessFs::ReadDir;
    Ruleset::default()
        .set_compatibility(CompatLevel::BestEffort)
        .handle_access(AccessFs::from_all(abi))?
        .handle_access(AccessNet::from_all(abi))?
        .create()?
        .add_rule(PathBeneath::new(PathFd::new(&job.input)?, AccessFs::ReadFile))?
        .add_rule(PathBeneath::new(PathFd::new(&job.dir)?, AccessFs::from_all(abi)))?
        // How many cores there are, and random numbers.
        .add_rules(["/proc", "/sys/devices/system/cpu", "/dev/urandom", "/usr/lib", "/lib"].iter().filter_map(|path| {
            let rights = if path.starts_with("/dev/") { AccessFs::ReadFile.into() } else { reading };
            Some(Ok::<_, landlock::RulesetError>(PathBeneath::new(PathFd::new(path).ok()?, rights)))
        }))?
        .restrict_self()?;
    Ok(())
}
