//! Laws of the pairing: it lowers the distance and leaves the noise Gaussian.

use super::*;

/// Data far from the origin and from being normal: two narrow clusters.
fn clusters(n: usize, values: usize, random: &mut Noise) -> Vec<Vec<f32>> {
    let centre = |i: usize| if i.is_multiple_of(2) { 1.5 } else { -0.5 };
    (0..n).map(|i| (0..values).map(|_| centre(i) + 0.1 * random.normal()).collect()).collect()
}

fn moments(x: &[f32]) -> (f64, f64) {
    let n = x.len() as f64;
    let mean = x.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
    (mean, x.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum::<f64>() / n)
}

#[test]
fn an_assignment_lowers_the_distance_more_the_more_it_sees() {
    let mut random = Noise::new(1, Stream::Training);
    let data: Vec<Vec<f32>> = (0..1024).map(|_| random.normals(4)).collect();
    let mut gain = |pairing| distance_reduction(&data, pairing, &mut random).unwrap();
    assert!(gain(Pairing::Assignment { over: 1 }) == 0.0);
    let gains = [4, 32, 256].map(|over| gain(Pairing::Assignment { over }));
    assert!(gains[0] > 0.1 && gains[0] < gains[1] && gains[1] < gains[2], "{gains:?}");
    assert!(gain(Pairing::Nearest { of: 8 }) > 0.1);
}

#[test]
fn the_approximate_assignment_gains_nearly_as_much() {
    let mut random = Noise::new(7, Stream::Training);
    let data: Vec<Vec<f32>> = (0..256).map(|_| random.normals(16)).collect();
    let gain = |pairing| distance_reduction(&data, pairing, &mut Noise::new(8, Stream::Training)).unwrap();
    let (exact, nearly) = (gain(Pairing::Assignment { over: 256 }), gain(Pairing::Nearly { over: 256 }));
    // The assignment is of squares, the gain of distances: it may come out a little better as well.
    assert!(exact > 0.05 && (nearly - exact).abs() < 0.02 * exact, "{exact} and {nearly}");
}

#[test]
fn the_gain_falls_with_the_dimension() {
    let mut random = Noise::new(2, Stream::Training);
    let mut gain = |values| {
        let data: Vec<Vec<f32>> = (0..128).map(|_| random.normals(values)).collect();
        distance_reduction(&data, Pairing::Assignment { over: 128 }, &mut random).unwrap()
    };
    let gains = [2, 32, 1024].map(&mut gain);
    assert!(gains[0] > 0.5 && gains[0] > 2.0 * gains[1] && gains[1] > 2.0 * gains[2], "{gains:?}");
}

#[test]
fn assigned_noise_is_a_permutation_of_independent_noise() {
    let data = clusters(200, 3, &mut Noise::new(3, Stream::Training));
    let mut seeds =
        pair(&data, Pairing::Assignment { over: 64 }, &mut Noise::new(4, Stream::Training)).unwrap();
    let mut drawn = pair(&data, Pairing::Independent, &mut Noise::new(4, Stream::Training)).unwrap();
    assert_ne!(seeds, drawn);
    seeds.sort_unstable();
    drawn.sort_unstable();
    assert_eq!(seeds, drawn);
}

#[test]
fn assigned_noise_is_gaussian_and_the_nearest_is_not() {
    let (n, values) = (4096, 2);
    let data = clusters(n, values, &mut Noise::new(5, Stream::Training));
    let drawn = |pairing| -> Vec<f32> {
        let seeds = pair(&data, pairing, &mut Noise::new(6, Stream::Training)).unwrap();
        seeds.into_iter().flat_map(|s| noise(s, values)).collect()
    };
    let (mean, variance) = moments(&drawn(Pairing::Assignment { over: 256 }));
    // Three standard errors of 8,192 values.
    assert!(mean.abs() < 0.033 && (variance - 1.0).abs() < 0.047, "{mean}, {variance}");
    let (mean, variance) = moments(&drawn(Pairing::Nearest { of: 8 }));
    assert!(mean.abs() > 0.1 || (variance - 1.0).abs() > 0.1, "{mean}, {variance}");
}

#[test]
fn names_are_read_and_written() {
    for text in ["none", "assignment:512", "nearest:4"] {
        assert_eq!(text.parse::<Pairing>().unwrap().to_string(), text);
    }
    assert_eq!("assignment".parse::<Pairing>().unwrap(), Pairing::Assignment { over: 256 });
    for text in ["", "none:2", "assignment:0", "nearest:x", "optimal"] {
        assert_eq!(text.parse::<Pairing>().unwrap_err().kind(), ErrorKind::InvalidRequest, "{text}");
    }
}
