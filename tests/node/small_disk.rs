//! A file system of its own size, for what happens where there is no room.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Unmounted when dropped.
pub struct SmallDisk(PathBuf);

impl SmallDisk {
    /// Mounts one at a folder. `None`, and a line that says so, where this machine lets nobody mount.
    pub fn mount(at: &Path, size: &str) -> Option<Self> {
        std::fs::create_dir_all(at).expect("a folder");
        let mounted = Command::new("mount").args(["-t", "tmpfs", "-o", &format!("size={size}"), "ferric-test"]).arg(at).output();
        if mounted.is_ok_and(|m| m.status.success()) {
            return Some(Self(at.to_owned()));
        }
        println!("not run: a file system cannot be mounted here");
        None
    }

    /// Blocks of 4 KiB that are free.
    pub fn free(&self) -> u64 {
        let out = Command::new("stat").args(["-f", "-c", "%f"]).arg(&self.0).output().expect("stat runs");
        String::from_utf8_lossy(&out.stdout).trim().parse().expect("a number")
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}
