parameters { real z_v; vector[9] z; }
transformed parameters {
  real v = 3 * z_v;
  vector[9] x = exp(v / 2) * z;
}
model {
  z_v ~ std_normal();
  z ~ std_normal();
}
