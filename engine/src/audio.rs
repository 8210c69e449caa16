//! Signal code: short-time Fourier transform, resampling, files.

pub mod resample;
pub mod stft;
pub mod wav;
