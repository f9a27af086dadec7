//! The process that does the work.

use std::io::{self, Read as _, Write as _};
use std::process::ExitCode;

use super::assemble::{Assembly, decodes};
use super::source::{Survey, survey};
use super::{Said, Trouble, UploadJob, confine, copy, manifest, pictures, sound};
use crate::model::manifest::Manifest;
use crate::render::RenderError;
use crate::render::files;
use crate::render::video::VideoConfig;

/// What `ferric upload-worker` does: reads an [`UploadJob`] from standard input, and says on standard output how far it is and what came of it. Not meant to
/// be called by people.
#[must_use]
pub fn worker_main() -> ExitCode {
    let (said, code) = match work() {
        Ok(manifest) => (Said::Done(Box::new(manifest)), ExitCode::SUCCESS),
        Err(Trouble::Refused(why)) => (Said::Refused(why), ExitCode::FAILURE),
        Err(Trouble::Render(error)) => (Said::Failed(error.to_string()), ExitCode::FAILURE),
    };
    say(&said);
    code
}

fn say(said: &Said) {
    let Ok(mut line) = serde_json::to_vec(said) else { return };
    line.push(b'\n');
    let mut out = io::stdout().lock();
    if out.write_all(&line).and_then(|()| out.flush()).is_err() {
        // Nobody is listening: the node has ended or given this up.
        std::process::exit(1);
    }
}

/// Percent, each said once.
struct Progress {
    said: u8,
    length_90k: i64,
}

impl Progress {
    fn at(&mut self, from: u8, to: u8, at_90k: i64) {
        let share = (at_90k.max(0) as f64 / self.length_90k.max(1) as f64).min(1.0);
        self.is(from + (f64::from(to - from) * share) as u8);
    }

    fn is(&mut self, percent: u8) {
        if percent > self.said {
            self.said = percent;
            say(&Said::Progress(percent));
        }
    }
}

fn work() -> Result<Manifest, Trouble> {
    let node = |why: String| Trouble::Render(RenderError::Codec(why));
    let mut text = String::new();
    io::stdin().read_to_string(&mut text).map_err(|e| node(format!("the job cannot be read: {e}")))?;
    let job: UploadJob = serde_json::from_str(&text).map_err(|e| node(format!("the job cannot be read: {e}")))?;
    if job.dir.exists() {
        std::fs::remove_dir_all(&job.dir).map_err(RenderError::io(&job.dir))?;
    }
    std::fs::create_dir_all(job.dir.join("hls")).map_err(RenderError::io(&job.dir))?;
    confine::confine(&job).map_err(node)?;
    ffmpeg_next::init().map_err(|e| node(e.to_string()))?;
    ffmpeg_next::log::set_level(ffmpeg_next::log::Level::Quiet);

    let mut survey = survey(&job.input)?;
    let mut progress = Progress { said: 0, length_90k: survey.length_90k };
    progress.is(3);
    match make(&job, &survey, &mut progress) {
        // What was copied does not decode, or not as it claims to: made anew it does, without what is damaged.
        Err(Trouble::Render(RenderError::Check { .. })) if is_copied(&survey) => {
            survey.sound.iter_mut().for_each(|s| s.fits = None);
            survey.pictures.iter_mut().for_each(|p| p.fits = None);
            std::fs::create_dir_all(job.dir.join("hls")).map_err(RenderError::io(&job.dir))?;
            make(&job, &survey, &mut progress)
        }
        other => other,
    }
}

fn is_copied(survey: &Survey) -> bool {
    survey.sound.as_ref().is_some_and(|s| s.fits.is_some()) || survey.pictures.as_ref().is_some_and(|p| p.fits.is_some())
}

fn make(job: &UploadJob, survey: &Survey, progress: &mut Progress) -> Result<Manifest, Trouble> {
    let sound_until = if survey.pictures.is_some() { 25 } else { 80 };
    let heard = sound::make(&job.input, survey, job.dir.join("sound.part"), |at| progress.at(3, sound_until, at))?;
    let mut assembly = Assembly::new(job, heard)?;
    let mut received = 0;
    if let Some(stream) = &survey.pictures {
        if let Some(avcc) = &stream.fits {
            let (width, height) = stream.size;
            assembly.begin(Some(VideoConfig { avcc: avcc.clone(), width, height, fps: 30 }))?;
            copy::copy(&job.input, survey, stream, &mut assembly)?;
            received = assembly.pictures();
        } else {
            received = pictures::transcode(&job.input, survey, stream, job.encoder, &mut assembly, |at| progress.at(25, 85, at))?;
        }
    } else {
        assembly.begin(None)?;
        assembly.sound_alone()?;
    }
    progress.is(85);
    let made = assembly.finish()?;
    decodes(&job.dir.join(files::MP4), made.pictures)?;
    progress.is(92);
    Ok(manifest::complete(job, &made, received)?)
}
