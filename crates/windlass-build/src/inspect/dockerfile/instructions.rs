//! A Dockerfile cut into instructions: continued lines joined, here-documents taken in whole.

/// Instructions, each with the line it begins on. The lines of a here-document follow their
/// instruction after a line break.
pub(super) fn instructions(text: &str) -> Vec<(u32, String)> {
    let mut found: Vec<(u32, String)> = Vec::new();
    let mut open = false;
    let mut lines = text.lines().enumerate();
    while let Some((at, line)) = lines.next() {
        let line = line.trim();
        if line.starts_with('#') || (line.is_empty() && !open) {
            continue;
        }
        let (body, continues) = line.strip_suffix('\\').map_or((line, false), |body| (body, true));
        match found.last_mut() {
            Some((_, instruction)) if open => {
                instruction.push(' ');
                instruction.push_str(body.trim());
            }
            _ => found.push((at as u32 + 1, body.trim().to_owned())),
        }
        open = continues;
        if let (false, Some((_, instruction))) = (open, found.last_mut()) {
            for end in ends_of_documents(instruction) {
                for (_, line) in lines.by_ref().take_while(|(_, line)| line.trim() != end) {
                    instruction.push('\n');
                    instruction.push_str(line);
                }
            }
        }
    }
    found
}

/// The words that end the here-documents of an instruction: `EOF` for `<<EOF`, `<<-"EOF"`.
fn ends_of_documents(instruction: &str) -> Vec<String> {
    let keyword = instruction.split_whitespace().next().unwrap_or_default();
    // Only these take them; elsewhere `<<` is text.
    if !["RUN", "COPY", "ADD"].iter().any(|known| keyword.eq_ignore_ascii_case(known)) {
        return Vec::new();
    }
    let starts = instruction.split_whitespace().filter_map(|word| word.strip_prefix("<<"));
    starts
        .map(|word| word.trim_start_matches('-').trim_matches(['"', '\'']))
        .filter(|word| {
            !word.is_empty() && word.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_')
        })
        .map(str::to_owned)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_are_joined_and_documents_kept_whole() {
        let text = "FROM a\nRUN one \\\n  # why\n  two\nRUN <<EOF\napt-get update\nCMD no\nEOF\n\
                    COPY <<A <<-'B' /x/\n1\nA\n2\nB\nCMD yes\nRUN never <<END\nlast";
        let found = instructions(text);
        let texts: Vec<(u32, &str)> =
            found.iter().map(|(line, text)| (*line, text.as_str())).collect();
        assert_eq!(
            texts,
            [
                (1, "FROM a"),
                (2, "RUN one two"),
                (5, "RUN <<EOF\napt-get update\nCMD no"),
                (9, "COPY <<A <<-'B' /x/\n1\n2"),
                (14, "CMD yes"),
                (15, "RUN never <<END\nlast"),
            ]
        );
    }
}
