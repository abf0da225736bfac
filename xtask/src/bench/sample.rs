//! Measured times of one contender.

use std::time::Duration;

/// Times in milliseconds.
pub struct Sample {
    /// Whose they are
    pub name: &'static str,
    times: Vec<f64>,
}

impl Sample {
    /// No times yet.
    pub fn new(name: &'static str) -> Self {
        Self {
            name,
            times: Vec::new(),
        }
    }

    /// Adds one run.
    pub fn add(&mut self, elapsed: Duration) {
        self.times.push(elapsed.as_secs_f64() * 1000.0);
        self.times.sort_by(f64::total_cmp);
    }

    /// The fastest run.
    pub fn min(&self) -> f64 {
        self.times.first().copied().unwrap_or(f64::NAN)
    }

    /// The slowest run.
    pub fn max(&self) -> f64 {
        self.times.last().copied().unwrap_or(f64::NAN)
    }

    /// The middle run, or the mean of the two in the middle.
    pub fn median(&self) -> f64 {
        let half = self.times.len() / 2;
        match self.times.len() {
            0 => f64::NAN,
            length if length % 2 == 1 => self.times[half],
            _ => (self.times[half - 1] + self.times[half]) / 2.0,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_middle_is_found_in_any_order() {
        for (times, median) in [(vec![30, 10, 20], 20.0), (vec![40, 10, 30, 20], 25.0), (vec![7], 7.0)] {
            let mut sample = Sample::new("x");
            times.iter().for_each(|time| sample.add(Duration::from_millis(*time)));
            assert_eq!(sample.median(), median);
            assert_eq!(sample.min(), *times.iter().min().unwrap() as f64);
            assert_eq!(sample.max(), *times.iter().max().unwrap() as f64);
        }
    }
}
