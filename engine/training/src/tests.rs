//! The recipe from end to end on two-dimensional data, with networks that train in seconds.

mod baselines;
mod couples;
mod ends;
mod recipe;
mod toy;
