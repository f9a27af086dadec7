//! What `/metrics` says.

use prometheus_client::collector::Collector;
use prometheus_client::encoding::{DescriptorEncoder, EncodeMetric};
use prometheus_client::metrics::counter::ConstCounter;
use prometheus_client::metrics::gauge::ConstGauge;
use prometheus_client::registry::Registry as Prometheus;

use crate::ingest::RtpIngest;
use crate::session::Registry;
use crate::tape::Spool;

/// A registry that reads the node whenever it is asked.
#[must_use]
pub fn registry(sessions: &Registry, rtp: &RtpIngest, spool: &Spool) -> Prometheus {
    let mut prometheus = Prometheus::with_prefix("ferric");
    prometheus.register_collector(Box::new(NodeCollector { sessions: sessions.clone(), rtp: rtp.clone(), spool: spool.clone() }));
    prometheus
}

struct NodeCollector {
    sessions: Registry,
    rtp: RtpIngest,
    spool: Spool,
}

impl std::fmt::Debug for NodeCollector {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("NodeCollector")
    }
}

impl Collector for NodeCollector {
    fn encode(&self, mut encoder: DescriptorEncoder) -> Result<(), std::fmt::Error> {
        let (held, most) = self.spool.memory();
        for (name, help, value) in [
            ("sessions", "Live sessions", self.sessions.count()),
            ("tape_memory_bytes", "Memory of all tapes that waits for the disk", held),
            ("tape_memory_limit_bytes", "What that memory may be", most),
        ] {
            let gauge = ConstGauge::new(i64::try_from(value).unwrap_or(i64::MAX));
            gauge.encode(encoder.encode_descriptor(name, help, None, gauge.metric_type())?)?;
        }
        let totals = self.rtp.totals();
        for (name, help, value) in [
            ("rtp_packets_kept", "RTP packets of SIP legs written to tapes", totals.kept),
            ("rtp_packets_gated", "RTP packets of SIP legs that the policy did not admit", totals.gated),
            ("rtp_failures", "Times that the handling of a SIP leg failed and was taken up again", totals.panics),
            ("rtp_notices_sent", "RTP packets sent to tell parties of the recording", totals.notices_sent),
            (
                "rtp_packets_dropped",
                "RTP packets of SIP legs lost between kernel and tape",
                totals.dropped_by_kernel + totals.dropped_by_tape,
            ),
        ] {
            let counter = ConstCounter::new(value);
            counter.encode(encoder.encode_descriptor(name, help, None, counter.metric_type())?)?;
        }
        Ok(())
    }
}
