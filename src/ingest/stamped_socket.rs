//! A UDP socket that says when each datagram arrived and how many were lost.

use std::io::{self, IoSliceMut};
use std::net::{IpAddr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, RawFd};
use std::time::Duration;

use nix::errno::Errno;
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, MultiHeaders, RecvMsg, SockaddrLike, SockaddrStorage, recvmmsg, recvmsg, setsockopt, sockopt,
};

use crate::ingest::error::IngestError;

/// Room for the kernel to keep datagrams in while the sweep is late: some 700 ms of a call even at its smallest.
const RECEIVE_BUFFER_BYTES: usize = 256 * 1024;
/// Longest datagram that is read; the rest of a longer one is cut off by the kernel and it counts as malformed.
pub(in crate::ingest) const DATAGRAM_BYTES: usize = 8192;

/// What the reading of all sockets shares, so that a packet costs no allocation.
#[derive(Debug)]
pub(in crate::ingest) struct ReadBuffer {
    datagram: Box<[u8]>,
    control: Vec<u8>,
}

impl ReadBuffer {
    pub(in crate::ingest) fn new() -> Self {
        Self { datagram: vec![0; DATAGRAM_BYTES].into_boxed_slice(), control: nix::cmsg_space!(nix::sys::time::TimeSpec, u32) }
    }
}

/// Datagrams of one socket that are read by one call.
const TOGETHER: usize = 12;

/// As [`ReadBuffer`], for several datagrams at once. It stays on its thread.
#[derive(Debug)]
pub(in crate::ingest) struct ReadManyBuffer {
    datagrams: Box<[u8]>,
    headers: MultiHeaders<SockaddrStorage>,
}

fn headers() -> MultiHeaders<SockaddrStorage> {
    MultiHeaders::preallocate(TOGETHER, Some(nix::cmsg_space!(nix::sys::time::TimeSpec, u32)))
}

impl ReadManyBuffer {
    pub(in crate::ingest) fn new() -> Self {
        Self { datagrams: vec![0; TOGETHER * DATAGRAM_BYTES].into_boxed_slice(), headers: headers() }
    }
}

/// One datagram.
#[derive(Debug)]
pub(in crate::ingest) struct Datagram<'a> {
    pub(in crate::ingest) bytes: &'a [u8],
    pub(in crate::ingest) whole: bool,
    pub(in crate::ingest) source: Option<SocketAddr>,
    /// When the kernel got it, since the Unix epoch.
    pub(in crate::ingest) stamp: Option<Duration>,
    /// Datagrams that this socket has lost so far, modulo 2³²; told only where there are any.
    pub(in crate::ingest) lost: Option<u32>,
}

#[derive(Debug)]
pub(in crate::ingest) struct StampedSocket {
    socket: UdpSocket,
}

impl StampedSocket {
    /// Binds; `None` where somebody else has the port.
    pub(in crate::ingest) fn bind(ip: IpAddr, port: u16) -> Result<Option<Self>, IngestError> {
        let address = SocketAddr::new(ip, port);
        let made = socket2::Socket::new(socket2::Domain::for_address(address), socket2::Type::DGRAM.nonblocking(), None);
        let socket = made.map_err(IngestError::io("making an RTP socket"))?;
        match socket.bind(&address.into()) {
            Ok(()) => {}
            Err(taken) if taken.kind() == io::ErrorKind::AddrInUse => return Ok(None),
            Err(other) => return Err(IngestError::Io { doing: "binding an RTP socket", source: other }),
        }
        // The kernel cuts this down to net.core.rmem_max by itself.
        socket.set_recv_buffer_size(RECEIVE_BUFFER_BYTES).map_err(IngestError::io("sizing an RTP socket's buffer"))?;
        let stamped = setsockopt(&socket, sockopt::ReceiveTimestampns, &true).and_then(|()| setsockopt(&socket, sockopt::RxqOvfl, &1));
        stamped.map_err(io::Error::from).map_err(IngestError::io("asking for arrival times of an RTP socket"))?;
        Ok(Some(Self { socket: socket.into() }))
    }

    /// The socket without its name: it goes on stamping.
    pub(in crate::ingest) fn into_std(self) -> UdpSocket {
        self.socket
    }

    /// For [`read`] and [`read_many`].
    pub(in crate::ingest) fn fd(&self) -> RawFd {
        self.socket.as_raw_fd()
    }

    /// Sends a datagram if the socket has room; a report that cannot be sent now is not worth waiting for.
    pub(in crate::ingest) fn send(&self, bytes: &[u8], to: SocketAddr) -> bool {
        self.socket.send_to(bytes, to).is_ok()
    }
}

/// Takes what a socket that was a [`StampedSocket`] holds, up to [`TOGETHER`] datagrams, by one call. Answers whether it may hold more.
pub(in crate::ingest) fn read_many(fd: RawFd, into: &mut ReadManyBuffer, mut each: impl FnMut(&Datagram<'_>)) -> bool {
    let ReadManyBuffer { datagrams, headers: kept } = into;
    let (mut count, mut cut) = (0, false);
    {
        let (whole, _) = datagrams.as_chunks_mut::<DATAGRAM_BYTES>();
        let mut slices: [[IoSliceMut<'_>; 1]; TOGETHER] = {
            let mut rest = whole.iter_mut();
            std::array::from_fn(|_| [IoSliceMut::new(rest.next().map_or(&mut [][..], |d| &mut d[..]))])
        };
        // An error here is an ICMP answer to a report of ours, or says that there is nothing.
        let Ok(all) = recvmmsg(fd, kept, slices.iter_mut(), MsgFlags::MSG_DONTWAIT, None) else { return false };
        for got in all {
            count += 1;
            // The kernel shortens the room for what it says beside a datagram to what it said last: it is given anew once that was too little. How many
            // datagrams were lost is a running count, so that nothing is missed by it.
            cut |= got.flags.contains(MsgFlags::MSG_CTRUNC);
            let bytes = got.iovs().next().unwrap_or_default();
            let (stamp, lost) = beside(&got);
            let source = got.address.as_ref().and_then(socket_addr);
            each(&Datagram { bytes, whole: !got.flags.contains(MsgFlags::MSG_TRUNC), source, stamp, lost });
        }
    }
    if cut {
        *kept = headers();
    }
    count == TOGETHER
}

/// When the kernel got a datagram, and how many it has lost.
fn beside<S>(got: &RecvMsg<'_, '_, S>) -> (Option<Duration>, Option<u32>) {
    let (mut stamp, mut lost) = (None, None);
    if let Ok(messages) = got.cmsgs() {
        for message in messages {
            match message {
                ControlMessageOwned::ScmTimestampns(at) => {
                    stamp = u64::try_from(at.tv_sec()).ok().map(|s| Duration::new(s, at.tv_nsec() as u32));
                }
                ControlMessageOwned::RxqOvfl(count) => lost = Some(count),
                _ => {}
            }
        }
    }
    (stamp, lost)
}

/// The next datagram of a socket that was a [`StampedSocket`], `None` where there is none now.
pub(in crate::ingest) fn read<'a>(socket: &impl AsRawFd, into: &'a mut ReadBuffer) -> io::Result<Option<Datagram<'a>>> {
    let mut slices = [IoSliceMut::new(&mut into.datagram)];
    let got = match recvmsg::<SockaddrStorage>(socket.as_raw_fd(), &mut slices, Some(&mut into.control), MsgFlags::empty()) {
        Ok(got) => got,
        Err(Errno::EAGAIN | Errno::EINTR) => return Ok(None),
        Err(other) => return Err(other.into()),
    };
    let (len, flags, source) = (got.bytes, got.flags, got.address.as_ref().and_then(socket_addr));
    let (stamp, lost) = beside(&got);
    let whole = !flags.contains(MsgFlags::MSG_TRUNC);
    Ok(Some(Datagram { bytes: &into.datagram[..len.min(DATAGRAM_BYTES)], whole, source, stamp, lost }))
}

impl AsFd for StampedSocket {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.socket.as_fd()
    }
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    match address.family()? {
        nix::sys::socket::AddressFamily::Inet => {
            let v4 = address.as_sockaddr_in()?;
            Some(SocketAddr::from((v4.ip(), v4.port())))
        }
        _ => address.as_sockaddr_in6().map(|v6| SocketAddr::from((v6.ip(), v6.port()))),
    }
}
