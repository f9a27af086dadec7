//! The packets of an Ogg Opus file (RFC 3533 §6, RFC 7845), without its two headers.

pub fn packets(file: &[u8]) -> Vec<Vec<u8>> {
    let (mut at, mut packets, mut open) = (0, Vec::new(), Vec::new());
    while at + 27 <= file.len() {
        assert_eq!(&file[at..at + 4], b"OggS");
        let count = usize::from(file[at + 26]);
        let sizes = &file[at + 27..at + 27 + count];
        at += 27 + count;
        for &size in sizes {
            open.extend_from_slice(&file[at..at + usize::from(size)]);
            at += usize::from(size);
            if size < 255 {
                packets.push(std::mem::take(&mut open));
            }
        }
    }
    packets.split_off(2)
}
