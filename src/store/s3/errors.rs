//! What a server's no means. Only codes and our own words are passed on: a server's message may repeat an access key.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

type Failed<E> = SdkError<E, HttpResponse>;

fn status<E>(e: &Failed<E>) -> Option<u16> {
    e.raw_response().map(|r| r.status().as_u16())
}

fn code<E: ProvideErrorMetadata>(e: &Failed<E>) -> Option<&str> {
    e.as_service_error().and_then(ProvideErrorMetadata::code)
}

/// Nothing is stored there (an absent bucket is something else).
pub(super) fn is_absent<E: ProvideErrorMetadata>(e: &Failed<E>) -> bool {
    status(e) == Some(404) && code(e) != Some("NoSuchBucket")
}

/// The range lies outside the object.
pub(super) fn is_range<E: ProvideErrorMetadata>(e: &Failed<E>) -> bool {
    status(e) == Some(416) || code(e) == Some("InvalidRange")
}

/// The upload is not known (any more).
pub(super) fn is_no_upload<E: ProvideErrorMetadata>(e: &Failed<E>) -> bool {
    code(e) == Some("NoSuchUpload") || status(e) == Some(404)
}

/// The error in one line for an administrator.
pub(super) fn say<E: ProvideErrorMetadata + Error + 'static>(e: &Failed<E>) -> String {
    match e {
        SdkError::ServiceError(_) => {
            let status = status(e).map(|s| format!("HTTP {s}")).unwrap_or_default();
            match code(e) {
                Some("NoSuchBucket") => format!("there is no such bucket ({status})"),
                Some(code @ ("InvalidAccessKeyId" | "SignatureDoesNotMatch" | "InvalidToken" | "ExpiredToken" | "NotSignedUp")) => {
                    format!("the server refuses the credentials: {code} ({status})")
                }
                Some(code @ ("AccessDenied" | "AllAccessDisabled")) => format!("the credentials may not do this: {code} ({status})"),
                Some(code @ ("RequestTimeTooSkewed" | "RequestExpired")) => {
                    format!("this machine's clock and the server's differ too much: {code} ({status})")
                }
                Some(code @ ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException")) => {
                    format!("the bucket is in another region: {code} ({status})")
                }
                Some(code) => format!("the server says {code} ({status})"),
                None if status.ends_with("403") => format!("the server refuses the credentials or what they ask for ({status})"),
                None => format!("the server says {status}"),
            }
        }
        SdkError::TimeoutError(_) => "the server did not answer in time".into(),
        SdkError::DispatchFailure(f) if f.is_timeout() => "the server did not answer in time".into(),
        SdkError::DispatchFailure(_) => match innermost(e) {
            cause if cause.contains("credential") => format!("no credentials: {cause}"),
            cause => format!("the server cannot be reached: {cause}"),
        },
        _ => format!("the request could not be made: {}", innermost(e)),
    }
}

fn innermost(e: &(dyn Error + 'static)) -> String {
    let mut at = e;
    while let Some(source) = at.source() {
        at = source;
    }
    at.to_string()
}
