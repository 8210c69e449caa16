//! Reader of `case.safetensors`, and the comparisons every golden test makes.

use candle_core::{Device, Tensor, Var};
use candle_nn::VarBuilder;
use safetensors::SafeTensors;
use std::collections::HashMap;
use std::path::Path;

/// Layout written by `golden/case.py`.
const FORMAT: &str = "1";
const HINT: &str = "re-run tests/golden/export.py";
/// Values below this are compared as if the largest were this.
const SMALLEST_SCALE: f32 = 1e-2;

/// One golden case: tensors by name, with a variable for each that has a golden gradient.
pub(super) struct Case {
    name: &'static str,
    tensors: HashMap<String, Tensor>,
    metadata: HashMap<String, String>,
    variables: HashMap<String, Var>,
}

impl Case {
    pub(super) fn load(name: &'static str) -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("golden").join(name).join("case.safetensors");
        let bytes = std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}: {HINT}", path.display()));
        let (_, header) =
            SafeTensors::read_metadata(&bytes).unwrap_or_else(|e| panic!("{name}: {e}: {HINT}"));
        let metadata = header.metadata().clone().unwrap_or_default();
        for key in ["format", "seed", "dtype", "tolerance"] {
            assert!(metadata.contains_key(key), "{name}: no {key} in the metadata: {HINT}");
        }
        let exporter = ["torch", "numpy"].iter().any(|key| metadata.contains_key(*key));
        assert!(exporter, "{name}: the metadata do not say what computed it: {HINT}");
        assert_eq!(metadata["format"], FORMAT, "{name}: another format: {HINT}");
        let tensors = candle_core::safetensors::load_buffer(&bytes, &Device::Cpu)
            .unwrap_or_else(|e| panic!("{name}: {e}: {HINT}"));
        let variables = tensors
            .iter()
            .filter(|(name, _)| name.starts_with("param.") || tensors.contains_key(&format!("grad.{name}")))
            .map(|(name, tensor)| (name.clone(), Var::from_tensor(tensor).expect("a float tensor")))
            .collect();
        Self { name, tensors, metadata, variables }
    }

    pub(super) fn tensor(&self, name: &str) -> &Tensor {
        self.tensors.get(name).unwrap_or_else(|| panic!("{}: no tensor {name}: {HINT}", self.name))
    }

    pub(super) fn text(&self, key: &str) -> &str {
        self.metadata.get(key).unwrap_or_else(|| panic!("{}: no {key} in the metadata: {HINT}", self.name))
    }

    pub(super) fn number(&self, key: &str) -> f64 {
        self.text(key).parse().unwrap_or_else(|e| panic!("{}: {key}: {e}: {HINT}", self.name))
    }

    /// An input of the block, as a variable whose gradient is checked.
    pub(super) fn input(&self, name: &str) -> Tensor {
        self.variable(&format!("input.{name}")).as_tensor().clone()
    }

    fn variable(&self, name: &str) -> &Var {
        self.variables.get(name).unwrap_or_else(|| panic!("{}: no variable {name}: {HINT}", self.name))
    }

    /// The parameters as variables by their own names.
    pub(super) fn parameters(&self) -> Vec<(String, Var)> {
        let own = |(name, var): (&String, &Var)| Some((name.strip_prefix("param.")?.to_owned(), var.clone()));
        self.variables.iter().filter_map(own).collect()
    }

    /// The parameters for a layer's constructor.
    pub(super) fn builder(&self) -> VarBuilder<'static> {
        let tensors = self.parameters().into_iter().map(|(name, var)| (name, var.as_tensor().clone()));
        VarBuilder::from_tensors(tensors.collect(), candle_core::DType::F32, &Device::Cpu)
    }

    /// Compares with the tensor `name` at the case's tolerance.
    pub(super) fn check(&self, name: &str, got: &Tensor) {
        self.compare(name, got, self.tensor(name), self.number("tolerance"));
    }

    /// Compares with the tensor `name` at a tolerance of its own, kept in the metadata under `key`.
    pub(super) fn check_within(&self, name: &str, key: &str, got: &Tensor) {
        self.compare(name, got, self.tensor(name), self.number(key));
    }

    /// A tensor's values as double precision.
    pub(super) fn values(&self, name: &str) -> Vec<f64> {
        let values = self.tensor(name).flatten_all().and_then(|t| t.to_vec1::<f32>());
        values.expect("a stored f32 tensor").into_iter().map(f64::from).collect()
    }

    /// Compares with the tensor `name` at the case's tolerance.
    pub(super) fn check_values(&self, name: &str, got: &[f64]) {
        let got: Vec<f32> = got.iter().map(|&x| x as f32).collect();
        let got = Tensor::from_vec(got, self.tensor(name).shape(), &Device::Cpu);
        self.check(name, &got.expect("as many values as the golden tensor"));
    }

    /// Compares `output`, and the gradients of its product with the cotangent for every variable.
    pub(super) fn check_with_gradients(&self, output: &Tensor) -> candle_core::Result<()> {
        self.check("output", output);
        let grads = (output * self.tensor("cotangent"))?.sum_all()?.backward()?;
        assert!(!self.variables.is_empty(), "{}: no variables: {HINT}", self.name);
        for (name, var) in &self.variables {
            let got = grads.get(var).unwrap_or_else(|| panic!("{}: no gradient reaches {name}", self.name));
            let want = self.tensor(&format!("grad.{name}"));
            self.compare(&format!("gradient of {name}"), got, want, self.number("gradient_tolerance"));
        }
        Ok(())
    }

    /// Largest difference, relative to the largest golden value of the tensor, is at most `tolerance`.
    fn compare(&self, what: &str, got: &Tensor, want: &Tensor, tolerance: f64) {
        assert_eq!(got.dims(), want.dims(), "{}: shape of {what}", self.name);
        let values = |t: &Tensor| t.flatten_all().and_then(|t| t.to_vec1::<f32>()).expect("an f32 tensor");
        let (got, want) = (values(got), values(want));
        let scale = want.iter().fold(SMALLEST_SCALE, |m, x| m.max(x.abs()));
        // Written so that NaN fails.
        let close = |(a, b): (&f32, &f32)| f64::from((a - b).abs() / scale) <= tolerance;
        if let Some(i) = got.iter().zip(&want).position(|pair| !close(pair)) {
            let (a, b) = (got[i], want[i]);
            panic!("{}: {what}[{i}] is {a}, expected {b} (scale {scale}, tolerance {tolerance})", self.name);
        }
    }
}
