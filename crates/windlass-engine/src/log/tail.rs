//! The last lines of a log.

use super::line::LogLine;
use super::rotated;
use std::collections::VecDeque;
use std::fs::File;
use std::io::{self, Read as _, Seek as _, SeekFrom};
use std::path::Path;

/// How much is read at a time, from the end.
const CHUNK: u64 = 64 * 1_024;

/// The last `lines` lines of the log at `path`, oldest first, across rotation. A log that does not
/// exist is empty.
pub fn log_tail(path: &Path, lines: usize) -> io::Result<Vec<LogLine>> {
    let mut found = VecDeque::new();
    for n in 0.. {
        if found.len() >= lines {
            break;
        }
        let file = match File::open(rotated(path, n)) {
            Ok(file) => file,
            Err(error) if error.kind() == io::ErrorKind::NotFound => break,
            Err(error) => return Err(error),
        };
        read_backwards(file, lines, &mut found)?;
    }
    Ok(found.into())
}

/// Puts lines before those in `found`, from the end of `file`, until there are enough.
fn read_backwards(mut file: File, lines: usize, found: &mut VecDeque<LogLine>) -> io::Result<()> {
    let mut position = file.metadata()?.len();
    let mut rest: Vec<u8> = Vec::new();
    while position > 0 && found.len() < lines {
        let size = position.min(CHUNK);
        position -= size;
        file.seek(SeekFrom::Start(position))?;
        let mut chunk = vec![0; size as usize];
        file.read_exact(&mut chunk)?;
        chunk.append(&mut rest);
        // What precedes the first line feed may lack its beginning, unless the file starts there.
        let whole = if position == 0 {
            0
        } else {
            chunk.iter().position(|byte| *byte == b'\n').map_or(chunk.len(), |end| end + 1)
        };
        for line in chunk[whole..].split(|byte| *byte == b'\n').rev() {
            if found.len() < lines
                && let Some(line) = LogLine::decode(line)
            {
                found.push_front(line);
            }
        }
        chunk.truncate(whole);
        rest = chunk;
    }
    Ok(())
}
