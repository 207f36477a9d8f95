//! The two inner loops of training and inference.
//!
//! Both add to a row of one number per class, four rows at a time, so that the compiler keeps the
//! sums in vector registers; no sum runs across lanes, hence the result does not depend on the width
//! of the machine's vectors. Rows are `f32` while a model is trained and `i8` in a finished one.

/// Adds `factors[k] * rows[k]` for all `k` to `sums`; `rows` holds one row of `sums.len()` per factor.
pub(super) fn add_rows<Weight>(sums: &mut [f32], rows: &[Weight], factors: &[f32])
where
    Weight: Copy + Into<f32>,
{
    let width = sums.len();
    let four_rows = rows.chunks_exact(width * 4);
    let rest = four_rows.remainder();
    let (four_factors, rest_factors) = factors.as_chunks::<4>();
    for (rows, factors) in four_rows.zip(four_factors) {
        let (first, others) = rows.split_at(width);
        let (second, others) = others.split_at(width);
        let (third, fourth) = others.split_at(width);
        let columns = first.iter().zip(second).zip(third.iter().zip(fourth));
        for (sum, ((a, b), (c, d))) in sums.iter_mut().zip(columns) {
            let (a, b, c, d): (f32, f32, f32, f32) = ((*a).into(), (*b).into(), (*c).into(), (*d).into());
            *sum += (factors[0] * a + factors[1] * b) + (factors[2] * c + factors[3] * d);
        }
    }
    for (row, factor) in rest.chunks_exact(width).zip(rest_factors) {
        add_row(sums, row, *factor);
    }
}

/// Adds `factor * row` to `sums`.
#[inline]
pub(super) fn add_row<Weight>(sums: &mut [f32], row: &[Weight], factor: f32)
where
    Weight: Copy + Into<f32>,
{
    for (sum, value) in sums.iter_mut().zip(row) {
        *sum += factor * (*value).into();
    }
}
