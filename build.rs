//! Builds what the pages need (`web/` → `web/dist`) when its sources changed. A `web/dist` that fits its sources is taken as it is, so that a checkout
//! that brings one builds without Node.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::process::{Command, exit};
use std::time::{Duration, SystemTime};
use std::{env, fs, io};

const SOURCES: [&str; 6] = ["src", "locales", "package.json", "package-lock.json", "tsconfig.json", "build.mjs"];

fn main() {
    let web = Path::new(&env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("web");
    for name in SOURCES {
        println!("cargo::rerun-if-changed=web/{name}");
    }
    println!("cargo::rerun-if-changed=web/dist/stamp");
    println!("cargo::rerun-if-changed=build.rs");
    if let Err(why) = build(&web) {
        eprintln!(
            "\nThe pages could not be built: {why}\nInstall Node.js 18 or later with npm (Debian: apt-get install nodejs npm) and build again.\n"
        );
        exit(1);
    }
}

fn build(web: &Path) -> Result<(), String> {
    let wanted = hash_of(web).map_err(|e| format!("web/: {e}"))?;
    let stamp = web.join("dist/stamp");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    let lock = fs::read(web.join("package-lock.json")).map_err(|e| format!("web/package-lock.json: {e}"))?;
    let installed = web.join("node_modules/.ferric-lock");
    if fs::read(&installed).ok().as_ref() != Some(&lock) {
        npm(web, &["ci", "--no-audit", "--no-fund"])?;
        fs::write(&installed, &lock).map_err(|e| format!("web/node_modules: {e}"))?;
    }
    npm(web, &["run", "build"])?;
    let write = || -> io::Result<()> {
        fs::write(&stamp, &wanted)?;
        // Older than this build: cargo would take a stamp written by it for a change.
        fs::File::options().write(true).open(&stamp)?.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1))
    };
    write().map_err(|e| format!("web/dist/stamp: {e}"))
}

fn npm(web: &Path, arguments: &[&str]) -> Result<(), String> {
    let said = Command::new("npm").args(arguments).current_dir(web).output().map_err(|e| format!("npm is not there ({e})"))?;
    if said.status.success() {
        return Ok(());
    }
    let text = format!("{}{}", String::from_utf8_lossy(&said.stdout), String::from_utf8_lossy(&said.stderr));
    Err(format!("`npm {}` failed:\n{text}", arguments.join(" ")))
}

fn hash_of(web: &Path) -> io::Result<String> {
    let mut files = BTreeMap::new();
    for name in SOURCES {
        collect(web, name, &mut files)?;
    }
    let mut hasher = DefaultHasher::new();
    files.hash(&mut hasher);
    Ok(format!("{:016x}", hasher.finish()))
}

fn collect(web: &Path, name: &str, files: &mut BTreeMap<String, Vec<u8>>) -> io::Result<()> {
    let path = web.join(name);
    if path.is_dir() {
        for entry in fs::read_dir(&path)? {
            collect(web, &format!("{name}/{}", entry?.file_name().to_string_lossy()), files)?;
        }
    } else {
        files.insert(name.to_owned(), fs::read(&path)?);
    }
    Ok(())
}
