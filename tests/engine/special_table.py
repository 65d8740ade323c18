# Reference values of special functions, computed with mpmath (https://mpmath.org) at 60 to 400 digits by definitions that share
# nothing with src/core: python3 tests/engine/special_table.py > tests/engine/special_table.h
from mpmath import *

mp.dps = 60
rows = []


def row(op, tolerance, want, *arguments):
    if not abs(want) < mpf('1.79e308') or (want != 0 and abs(want) < mpf('1e-300')):
        return
    arguments = (list(map(float, arguments)) + [0.0, 0.0])[:3]
    rows.append('  {RP_OP_%s, {%s}, %s, %s},' % (op, ', '.join('%.17g' % a for a in arguments), nstr(want, 20), tolerance))


def f(x):
    return mpf(float(x))


positive = ['1e-300', '1e-8', '0.3', '1', '1.46163', '1.4616321449683622', '1.6', '2.5', '14.9', '15', '100', '1e15']
negative = ['-0.5', '-1e-8', '-2.7', '-100.25']
for x in positive + negative:
    row('LGAMMA', '1e-13', log(abs(gamma(f(x)))) if f(x) < 1e3 else loggamma(f(x)), x)
    row('GAMMA', '2e-13', gamma(f(x)) if f(x) < 1e3 else inf, x)
    for order, op in enumerate(['DIGAMMA', 'TRIGAMMA', 'TETRAGAMMA', 'PENTAGAMMA']):
        row(op, '1e-13', psi(order, f(x)), x)


def log_pnorm(x):
    return log(erfc(-x / sqrt(2)) / 2) if x < 0 else log1p(-erfc(x / sqrt(2)) / 2)


for x in ['-1e5', '-100', '-40', '-38', '-37', '-20', '-12', '-11.9', '-5', '-1', '-0.5', '0', '0.7', '2', '8', '30']:
    if f(x) > -39:
        row('PNORM', '1e-14', erfc(-f(x) / sqrt(2)) / 2, x)
    square = f(x) ** 2
    far = -square / 2 - log(-f(x)) - log(2 * pi) / 2 - 1 / square if f(x) < -1e4 else 0
    row('LOG_PNORM', '1e-14', far or log_pnorm(f(x)), x)
for p in ['1e-300', '1e-100', '1e-20', '1e-5', '0.01', '0.0749', '0.2', '0.49999', '0.7', '0.925', '0.99999', '0.9999999999']:
    target = f(p) if f(p) < 0.5 else 1 - f(p)
    x = findroot(lambda t: log_pnorm(t) - log(target), -sqrt(-2 * log(target)) if target < 0.1 else mpf(-0.5))
    row('QNORM', '1e-14', x if f(p) < 0.5 else -x, p)


# P = x^a exp(-x) / gamma(a + 1) sum x^n / (a + 1)_n: positive terms; Q is the difference, at enough digits
def gamma_p(x, a):
    term, total, slope, slopes, n = mpf(1), mpf(1), mpf(0), mpf(0), 0
    while a + n <= x or term > mpf(10) ** (-mp.dps - 2) * total:
        n += 1
        term *= x / (a + n)
        slope -= 1 / (a + n)
        total += term
        slopes += term * slope
    scale = exp(a * log(x) - x - loggamma(a + 1))
    p = scale * total
    return p, 1 - p, p * (log(x) - psi(0, a + 1)) + scale * slopes


for a in ['1e-10', '0.01', '0.5', '1', '1.5', '3', '14.9', '20', '21', '100', '1e4']:
    for ratio in ['1e-10', '0.3', '0.39', '0.41', '0.9', '0.9999', '1', '1.01', '1.2', '1.99', '2.01', '5']:
        x = float(a) * float(ratio)
        if float(a) > 1e3 and abs(float(ratio) - 1) > 0.3:
            continue
        mp.dps = 400 if x > float(a) else 60
        p, q, da = gamma_p(f(x), f(a))
        row('GAMMA_P', '3e-13', p, x, a)
        row('GAMMA_Q', '3e-13', q, x, a)
        row('GAMMA_P_DA', '3e-13', da, x, a)
        if mpf('1e-290') < p < 0.9 and float(a) < 1e3:
            row('GAMMA_P_INV', '1e-12', f(x), nstr(p, 20), a)
mp.dps = 400


def beta_i(x, y, a, b):
    term, total, slope_a, slope_b, sum_a, sum_b, n = mpf(1), mpf(1), mpf(0), mpf(0), mpf(0), mpf(0), 0
    while (a + b + n) * x >= a + n + 1 or term > mpf(10) ** (-mp.dps - 2) * total:
        term *= (a + b + n) / (a + n + 1) * x
        slope_a += 1 / (a + b + n) - 1 / (a + n + 1)
        slope_b += 1 / (a + b + n)
        total += term
        sum_a += term * slope_a
        sum_b += term * slope_b
        n += 1
    scale = exp(a * log(x) + b * log(y) + loggamma(a + b) - loggamma(a + 1) - loggamma(b))
    p = scale * total
    centre = psi(0, a + b)
    return (p, p * (log(x) + centre - psi(0, a + 1)) + scale * sum_a, p * (log(y) + centre - psi(0, b)) + scale * sum_b)


for a, b in [('1e-5', '5'), ('0.3', '0.9'), ('1', '1.5'), ('5', '0.5'), ('10', '10'), ('21', '19'), ('60', '1000'), ('1000', '2.5')]:
    mean = float(a) / (float(a) + float(b))
    for x in [1e-10, 0.05, mean / 2, mean, 0.6, (1 + mean) / 2, 0.95]:
        X = f(x)
        if x < 0.7:
            p, da, db = beta_i(X, 1 - X, f(a), f(b))
        else:
            q, qb, qa = beta_i(1 - X, X, f(b), f(a))
            p, da, db = 1 - q, -qa, -qb
        row('BETA_I', '1e-12', p, x, a, b)
        row('BETA_I_DA', '1e-11', da, x, a, b)
        row('BETA_I_DB', '1e-9', db, x, a, b)
        if 1e-5 < p < 0.9:
            row('BETA_I_INV', '1e-11', X, nstr(p, 20), a, b)

mp.dps = 60
for order in ['0', '0.25', '0.5', '1', '2.5', '7.5', '50', '-0.3', '-2.5']:
    for x in ['1e-8', '0.1', '1.99', '2.01', '8', '49', '51', '300']:
        X, nu = f(x), f(order)
        i, k, j, y = besseli(nu, X), besselk(nu, X), besselj(nu, X), bessely(nu, X)
        row('BESSEL_I', '1e-13', i, x, order)
        row('BESSEL_K', '1e-13', k, x, order)
        # near their zeros J and Y are accurate relative to their amplitude
        size = sqrt(j ** 2 + y ** 2)
        if abs(j) > size / 2 or X < abs(nu):
            row('BESSEL_J', '1e-12', j, x, order)
        if abs(y) > size / 2 or X < abs(nu):
            row('BESSEL_Y', '1e-12', y, x, order)

print('/* Made by special_table.py: operation, arguments, value, relative tolerance. */')
print('static const struct {\n  rp_op op;\n  double in[3], want, tolerance;\n} special_table[] = {')
print('\n'.join(rows))
print('};')
