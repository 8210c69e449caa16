//! Whether a generated sound is taken for the same thing as the recording with its caption.

/// Best classes of a list of probabilities, best first.
#[must_use]
pub fn best(posteriors: &[f64], n: usize) -> Vec<usize> {
    let mut order: Vec<usize> = (0..posteriors.len()).collect();
    order.sort_by(|&a, &b| posteriors[b].total_cmp(&posteriors[a]));
    order.truncate(n);
    order
}

/// Agreement of one pair of sounds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Agreement {
    /// The best class of both is the same.
    pub top1: bool,
    /// The recording's best class is among the five best of the generated sound.
    pub top5: bool,
}

/// Compares what is heard in a recording and in a generated sound.
///
/// # Shapes
/// - `real`, `made`: `[classes]`
#[must_use]
pub fn agreement(real: &[f64], made: &[f64]) -> Agreement {
    let (real, made) = (best(real, 1), best(made, 5));
    Agreement { top1: made.first() == real.first(), top5: real.iter().all(|class| made.contains(class)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agreement_counts_ranks() {
        let real = [0.1, 0.9, 0.2, 0.3, 0.4, 0.5, 0.0];
        assert_eq!(best(&real, 3), [1, 5, 4]);
        let second = [0.9, 0.8, 0.2, 0.3, 0.4, 0.5, 0.0];
        assert_eq!(agreement(&real, &second), Agreement { top1: false, top5: true });
        assert_eq!(agreement(&real, &real), Agreement { top1: true, top5: true });
        let sixth = [0.9, 0.1, 0.2, 0.3, 0.4, 0.5, 0.0];
        assert_eq!(agreement(&real, &sixth), Agreement { top1: false, top5: false });
    }
}
