//! Screens of a terminal as one animated SVG: a strip of frames that moves past a window.
//!
//! Without animation, or for people who asked for less motion, the last frame is shown.

use std::collections::BTreeMap;
use std::fmt::Write;

use vt100::Color;

const CELL: f32 = 8.4;
const LINE: f32 = 19.0;
const EDGE: f32 = 18.0;
const BAR: f32 = 36.0;

/// The SVG's text.
pub fn film(frames: &[(vt100::Screen, u32)], rows: u16, columns: u16) -> String {
    let width = f32::from(columns) * CELL + 2.0 * EDGE;
    let height = f32::from(rows) * LINE + BAR + EDGE;
    let mut lines: BTreeMap<String, usize> = BTreeMap::new();
    let mut strip = String::new();
    let mut steps = String::new();
    let total: u32 = frames.iter().map(|(_, shown)| shown).sum();
    let mut begun = 0;
    for (index, (screen, shown)) in frames.iter().enumerate() {
        let left = width * u16::try_from(index).map_or(0.0, f32::from);
        let _ = writeln!(
            steps,
            "{:.3}%{{transform:translateX(-{left}px)}}",
            percent(begun, total)
        );
        let _ = writeln!(strip, "<g transform=\"translate({left} 0)\">");
        for row in 0..rows {
            let line = line(screen, row, columns);
            if !line.is_empty() {
                let known = lines.len();
                let id = *lines.entry(line).or_insert(known);
                let _ = write!(strip, "<use href=\"#l{id}\" y=\"{}\"/>", f32::from(row) * LINE);
            }
        }
        if !screen.hide_cursor() {
            let (row, column) = screen.cursor_position();
            let (x, y) = (f32::from(column) * CELL, f32::from(row) * LINE - 14.0);
            let _ = write!(
                strip,
                "<rect class=\"c\" x=\"{x:.1}\" y=\"{y}\" width=\"{CELL}\" height=\"17\"/>"
            );
        }
        strip.push_str("</g>\n");
        begun += shown;
    }
    let last = width * u16::try_from(frames.len().saturating_sub(1)).map_or(0.0, f32::from);
    let mut defined: Vec<(&usize, &String)> = lines.iter().map(|(line, id)| (id, line)).collect();
    defined.sort();
    let defined: String = defined
        .iter()
        .map(|(id, line)| format!("<text id=\"l{id}\">{line}</text>\n"))
        .collect();
    let seconds = f64::from(total) / 1000.0;
    let (inner_x, inner_y) = (EDGE, BAR + 14.0);
    format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" role=\"img\">\n\
         <title>boatyard new: a few questions, a summary, a repository</title>\n\
         <style>\n\
         text{{font:14px ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono',monospace;fill:#d6dbe5;white-space:pre}}\n\
         .g{{fill:#7ddc8a}}.b{{fill:#63d3ee}}.d{{fill:#7f8899}}.r{{fill:#ff7b86}}.s{{font-weight:700}}.c{{fill:#d6dbe5;opacity:.75}}\n\
         .strip{{animation:film {seconds:.2}s step-end infinite}}\n\
         @keyframes film{{\n{steps}}}\n\
         @media(prefers-reduced-motion:reduce){{.strip{{animation:none}}}}\n\
         </style>\n\
         <defs>\n{defined}</defs>\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"10\" fill=\"#171b24\"/>\n\
         <circle cx=\"20\" cy=\"19\" r=\"6\" fill=\"#ff5f57\"/><circle cx=\"40\" cy=\"19\" r=\"6\" fill=\"#febc2e\"/>\
         <circle cx=\"60\" cy=\"19\" r=\"6\" fill=\"#28c840\"/>\n\
         <svg x=\"{inner_x}\" y=\"{BAR}\" width=\"{}\" height=\"{}\"><g transform=\"translate(0 {})\">\n\
         <g class=\"strip\" transform=\"translate(-{last} 0)\">\n{strip}</g>\n</g></svg>\n</svg>\n",
        width - EDGE,
        height - BAR,
        inner_y - BAR,
    )
}

fn percent(part: u32, whole: u32) -> f64 {
    f64::from(part) * 100.0 / f64::from(whole.max(1))
}

/// One row as spans; each starts at its own cell, so that columns stay columns in any font.
fn line(screen: &vt100::Screen, row: u16, columns: u16) -> String {
    let mut spans = String::new();
    let mut run = String::new();
    let mut begin = 0;
    let mut style = "";
    for column in 0..=columns {
        let cell = screen.cell(row, column).filter(|_| column < columns);
        let (text, class) = cell.map_or((" ", ""), |cell| (cell.contents(), class(cell)));
        let text = if text.is_empty() { " " } else { text };
        let gap = run.ends_with("  ") && text != " ";
        if column == columns || gap || (class != style && text != " ") {
            if !run.trim().is_empty() {
                let class = if style.is_empty() {
                    String::new()
                } else {
                    format!(" class=\"{style}\"")
                };
                let x = f32::from(begin) * CELL;
                let _ = write!(spans, "<tspan x=\"{x:.1}\"{class}>{}</tspan>", escaped(run.trim_end()));
            }
            run.clear();
        }
        if run.is_empty() {
            if text == " " {
                continue;
            }
            (begin, style) = (column, class);
        }
        run.push_str(text);
    }
    spans
}

fn class(cell: &vt100::Cell) -> &'static str {
    match (cell.fgcolor(), cell.bold() || cell.dim()) {
        (Color::Idx(1 | 9), _) => "r",
        (Color::Idx(2 | 10), _) => "g",
        (Color::Idx(4 | 6 | 12 | 14), _) => "b",
        (Color::Idx(8), _) => "d",
        (_, true) if cell.dim() => "d",
        (_, true) => "s",
        _ => "",
    }
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}
