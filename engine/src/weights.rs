//! Tensors on disk: 8-bit matrices and half-precision vectors in, `f32` out.
//!
//! A matrix `name` is stored as signed bytes with one `f32` scale per row in `name.scale`; everything else as
//! `f16`. That is a quarter of the size of `f32`, for a relative error below 1 % in a matrix of normal deviates.
//!
//! At load everything becomes `f32`, beside the bytes that products are made with ([`crate::nn`]). Matrices that were trained
//! further on somebody's library are stored in half precision: a change of less than half a step of 8 bits would vanish.

use crate::error::{Error, ErrorKind, Result};
use candle_core::{Device, Tensor};
use rayon::prelude::*;
use safetensors::tensor::{Dtype, SafeTensors, TensorView};
use std::collections::HashMap;
use std::path::Path;
use straightshot_protocol::CancelToken;

/// Rows of a tensor that are unpacked before somebody looks whether it is still wanted.
const ROWS_AT_A_TIME: usize = 1024;
/// Ending of the name that holds the row scales of a quantised matrix.
const SCALE: &str = ".scale";
/// Rows shorter than this are kept in half precision: their scales would cost as much as they save.
const SHORTEST_ROW: usize = 16;

/// Unpacks a weight file to `f32` tensors by name.
///
/// # Errors
/// [`ErrorKind::BadModel`] if the file is truncated, of a foreign type or holds a value that is not finite.
pub fn unpack(bytes: &[u8]) -> Result<HashMap<String, Tensor>> {
    unpack_until(bytes, &CancelToken::default())
}

/// [`unpack`], ended within a millisecond or so when `cancel` is raised.
///
/// # Errors
/// As [`unpack`], and [`ErrorKind::Cancelled`].
pub fn unpack_until(bytes: &[u8], cancel: &CancelToken) -> Result<HashMap<String, Tensor>> {
    let file = SafeTensors::deserialize(bytes).map_err(|e| {
        let text = match bytes.starts_with(b"version https://git-lfs") {
            true => "The model's weights are a Git LFS pointer: `git lfs pull` gets the weights",
            false => "The model's weights are damaged or incomplete: get the model again",
        };
        Error::new(ErrorKind::BadModel, text).with_source(e)
    })?;
    let names: Vec<String> =
        file.names().iter().filter(|n| !n.ends_with(SCALE)).map(|n| (*n).to_owned()).collect();
    names
        .into_par_iter()
        .map(|name| {
            cancel.check()?;
            let values = unpack_one(&file, &name, cancel)?;
            if values.iter().any(|v| !v.is_finite()) {
                return Err(bad(format!("{name} holds values that are not numbers")));
            }
            let shape = view(&file, &name)?.shape().to_vec();
            Ok((name, Tensor::from_vec(values, shape, &Device::Cpu)?))
        })
        .collect()
}

/// Bytes of memory that a network of these weights takes: `f32`, and for most of them the bytes that products are made
/// with. Nothing for a file that cannot be read, which [`unpack`] says in its own words.
pub(crate) fn room(bytes: &[u8]) -> usize {
    let Ok(file) = SafeTensors::deserialize(bytes) else { return 0 };
    let values = file.iter().map(|(_, tensor)| tensor.shape().iter().product::<usize>());
    values.map(|values| values * 9 / 2).sum()
}

fn bad(text: String) -> Error {
    Error::new(ErrorKind::BadModel, format!("The model's weights cannot be used: {text}"))
}

fn view<'a>(file: &SafeTensors<'a>, name: &str) -> Result<TensorView<'a>> {
    file.tensor(name).map_err(|e| bad(format!("{name} is missing")).with_source(e))
}

fn unpack_one(file: &SafeTensors<'_>, name: &str, cancel: &CancelToken) -> Result<Vec<f32>> {
    let tensor = view(file, name)?;
    let data = tensor.data();
    match tensor.dtype() {
        Dtype::F32 => {
            Ok(data.chunks_exact(4).map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]])).collect())
        }
        Dtype::F16 => {
            Ok(data.chunks_exact(2).map(|b| half::f16::from_le_bytes([b[0], b[1]]).to_f32()).collect())
        }
        Dtype::I8 => {
            let scales = unpack_one(file, &format!("{name}{SCALE}"), cancel)?;
            let row = tensor.shape().iter().skip(1).product::<usize>().max(1);
            if scales.len() * row != data.len() {
                return Err(bad(format!("{name} does not fit its scales")));
            }
            // Row by row: a chain over all of the bytes does not vectorise.
            let mut values = Vec::with_capacity(data.len());
            for (index, (row, scale)) in data.chunks_exact(row).zip(&scales).enumerate() {
                // The words of a text encoder are ten million numbers.
                if index % ROWS_AT_A_TIME == 0 {
                    cancel.check()?;
                }
                values.extend(row.iter().map(|&b| f32::from(b as i8) * scale));
            }
            Ok(values)
        }
        other => Err(bad(format!("{name} is of type {other:?}, which this version does not read"))),
    }
}

/// Writes `tensors` in the form [`unpack`] reads, sorted by name.
///
/// # Errors
/// [`ErrorKind::Io`] naming the file, [`ErrorKind::BadModel`] if a value is not finite.
pub fn pack(tensors: &HashMap<String, Tensor>, path: &Path) -> Result<()> {
    let mut names: Vec<&String> = tensors.keys().collect();
    names.sort();
    let mut parts: Vec<Part> = Vec::new();
    for name in names {
        let tensor = &tensors[name];
        let (shape, values) = (tensor.dims().to_vec(), tensor.flatten_all()?.to_vec1::<f32>()?);
        if values.iter().any(|v| !v.is_finite()) {
            return Err(bad(format!("{name} holds values that are not numbers")));
        }
        let row = shape.iter().skip(1).product::<usize>();
        if shape.len() > 1 && row >= SHORTEST_ROW {
            let (bytes, scales) = quantise(&values, row);
            parts.push((format!("{name}{SCALE}"), Dtype::F32, vec![scales.len()], f32_bytes(&scales)));
            parts.push((name.clone(), Dtype::I8, shape, bytes));
        } else {
            parts.push((name.clone(), Dtype::F16, shape, half_bytes(name, &values)?));
        }
    }
    write(&parts, path)
}

/// Writes the tensors of the weight file `base` as they are stored there, except those in `changed`, which are stored
/// in half precision: a change smaller than half a step of 8 bits would be lost otherwise. Names that `keep` refuses
/// are left out.
///
/// # Errors
/// [`ErrorKind::Io`] naming the file, [`ErrorKind::BadModel`] if `base` is damaged or a value is not finite.
pub fn pack_changes(
    base: &[u8],
    changed: &HashMap<String, Tensor>,
    keep: impl Fn(&str) -> bool,
    path: &Path,
) -> Result<()> {
    let file = SafeTensors::deserialize(base).map_err(|e| bad("they are damaged".into()).with_source(e))?;
    let replaced = |name: &str| changed.contains_key(name.strip_suffix(SCALE).unwrap_or(name));
    let mut parts: Vec<Part> = Vec::new();
    for (name, tensor) in file.tensors().iter().filter(|(name, _)| keep(name) && !replaced(name)) {
        parts.push((name.clone(), tensor.dtype(), tensor.shape().to_vec(), tensor.data().to_vec()));
    }
    for (name, tensor) in changed {
        let values = tensor.flatten_all()?.to_vec1::<f32>()?;
        parts.push((name.clone(), Dtype::F16, tensor.dims().to_vec(), half_bytes(name, &values)?));
    }
    parts.sort_by(|a, b| a.0.cmp(&b.0));
    write(&parts, path)
}

/// Name, type, shape and bytes of a stored tensor.
type Part = (String, Dtype, Vec<usize>, Vec<u8>);

fn half_bytes(name: &str, values: &[f32]) -> Result<Vec<u8>> {
    // What is not finite in single precision is not in half.
    if values.iter().any(|&v| !half::f16::from_f32(v).is_finite()) {
        return Err(bad(format!("{name} holds values that half precision cannot")));
    }
    Ok(values.iter().flat_map(|&v| half::f16::from_f32(v).to_le_bytes()).collect())
}

fn write(parts: &[Part], path: &Path) -> Result<()> {
    let fail = |e: safetensors::SafeTensorError| {
        Error::new(ErrorKind::Io, format!("{} could not be written", path.display())).with_source(e)
    };
    let views = parts
        .iter()
        .map(|(name, dtype, shape, bytes)| {
            Ok((name.as_str(), TensorView::new(*dtype, shape.clone(), bytes)?))
        })
        .collect::<Result<Vec<_>, safetensors::SafeTensorError>>()
        .map_err(fail)?;
    let bytes = safetensors::serialize(views, None).map_err(fail)?;
    write_whole(path, &bytes).map_err(|e| {
        Error::new(ErrorKind::Io, format!("{} could not be written", path.display())).with_source(e)
    })
}

/// Writes `bytes` beside `path` and gives them that name when they are on the disk: a file that is there is whole, before and
/// after. It may be read by whoever the user's umask says.
///
/// # Errors
/// Those of the disk; what was there then stays, and nothing is left beside it.
pub fn write_whole(path: &Path, bytes: &[u8]) -> std::io::Result<()> {
    let name = path.file_name().ok_or_else(|| std::io::Error::other("it has no name"))?;
    let part = path.with_file_name(format!("{}.part", name.to_string_lossy()));
    let write = || {
        let mut file = std::fs::File::create(&part)?;
        std::io::Write::write_all(&mut file, bytes)?;
        file.sync_all()?;
        std::fs::rename(&part, path)
    };
    write().inspect_err(|_| drop(std::fs::remove_file(&part)))
}

/// The bytes of a regular file. Anything else is refused: a named pipe would be waited for without end.
///
/// # Errors
/// Those of the disk.
pub fn read_regular(path: &Path) -> std::io::Result<Vec<u8>> {
    must_be_regular(path)?;
    std::fs::read(path)
}

/// # Errors
/// If `path` is no regular file.
pub(crate) fn must_be_regular(path: &Path) -> std::io::Result<()> {
    match std::fs::metadata(path)?.is_file() {
        true => Ok(()),
        false => Err(std::io::Error::other("it is no regular file")),
    }
}

fn f32_bytes(values: &[f32]) -> Vec<u8> {
    values.iter().flat_map(|v| v.to_le_bytes()).collect()
}

/// Rounds each row to 8 bits of its own largest value.
fn quantise(values: &[f32], row: usize) -> (Vec<u8>, Vec<f32>) {
    let scales: Vec<f32> =
        values.chunks_exact(row).map(|r| r.iter().fold(0f32, |m, v| m.max(v.abs())) / 127.0).collect();
    let rows = values.chunks_exact(row).zip(&scales);
    let bytes = rows.flat_map(|(r, &scale)| {
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        r.iter().map(move |v| (v * inverse).round() as i8 as u8)
    });
    (bytes.collect(), scales)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::rng::{Noise, Stream};

    fn packed() -> (Tensor, Vec<u8>) {
        let mut random = Noise::new(1, Stream::Training);
        let matrix = random.normal_tensor((32, 48), &Device::Cpu).unwrap();
        let vector = Tensor::new(&[0.5f32, -0.25, 1.0], &Device::Cpu).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        pack(&HashMap::from([("m".into(), matrix.clone()), ("v".into(), vector)]), &path).unwrap();
        (matrix, std::fs::read(path).unwrap())
    }

    #[test]
    fn round_trip_keeps_matrices_to_one_percent_and_vectors_exactly() {
        let (matrix, bytes) = packed();
        let back = unpack(&bytes).unwrap();
        let error =
            (&back["m"] - &matrix).unwrap().sqr().unwrap().mean_all().unwrap().to_scalar::<f32>().unwrap();
        assert!(error.sqrt() < 0.01, "{}", error.sqrt());
        assert_eq!(back["v"].to_vec1::<f32>().unwrap(), [0.5, -0.25, 1.0]);
    }

    #[test]
    fn a_change_smaller_than_a_step_of_8_bits_is_kept_and_all_else_as_it_was() {
        let (_, base) = packed();
        let before = unpack(&base).unwrap();
        let changed = HashMap::from([("m".to_owned(), (&before["m"] * 1.002).unwrap())]);
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("w.safetensors");
        pack_changes(&base, &changed, |_| true, &path).unwrap();
        let after = unpack(&std::fs::read(&path).unwrap()).unwrap();
        let sum = |t: &Tensor| t.abs().unwrap().sum_all().unwrap().to_scalar::<f32>().unwrap();
        let ratio = sum(&after["m"]) / sum(&before["m"]);
        assert!((ratio - 1.002).abs() < 2e-4, "{ratio}");
        assert_eq!(after["v"].to_vec1::<f32>().unwrap(), [0.5, -0.25, 1.0]);
        pack_changes(&base, &HashMap::new(), |_| true, &path).unwrap();
        let same = unpack(&std::fs::read(&path).unwrap()).unwrap();
        assert_eq!(same["m"].to_vec2::<f32>().unwrap(), before["m"].to_vec2::<f32>().unwrap());
        pack_changes(&base, &HashMap::new(), |name| name != "v", &path).unwrap();
        let names: Vec<String> = unpack(&std::fs::read(&path).unwrap()).unwrap().into_keys().collect();
        assert_eq!(names, ["m"]);
        assert_eq!(
            pack_changes(b"", &HashMap::new(), |_| true, &path).unwrap_err().kind(),
            ErrorKind::BadModel
        );
    }

    #[test]
    fn truncated_file_is_a_bad_model() {
        let (_, bytes) = packed();
        for keep in [0, 7, 40, bytes.len() - 1] {
            assert_eq!(unpack(&bytes[..keep]).unwrap_err().kind(), ErrorKind::BadModel, "{keep} bytes");
        }
    }

    #[test]
    fn nan_is_a_bad_model_and_names_the_tensor() {
        let (_, mut bytes) = packed();
        // The vector's three values as f16; 0x7e00 is NaN.
        let vector = [0x00, 0x38, 0x00, 0xb4, 0x00, 0x3c];
        let at = bytes.windows(6).position(|w| w == vector).unwrap();
        bytes[at..at + 2].copy_from_slice(&[0x00, 0x7e]);
        let error = unpack(&bytes).unwrap_err();
        assert_eq!(error.kind(), ErrorKind::BadModel);
        assert!(error.to_string().contains(": v holds"), "{error}");
    }
}
