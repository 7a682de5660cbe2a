using System.Globalization;
using System.Numerics;
using System.Text;

namespace ChangeAdmission.Core.Changes;

/// <summary>
/// A JSON number as RFC 8785 writes it (ECMAScript's shortest form), with one difference: whole numbers are exact whatever their
/// size, because Kubernetes' integers are 64 bits wide and a double would make neighbours of them the same.
/// </summary>
internal static class CanonicalNumber
{
    // ECMAScript writes whole numbers of up to 21 digits without an exponent.
    private const int MostPlainDigits = 21;

    // Nobody writes such a number. Kept as it is, it costs no time and stays different from every other.
    private const int LongestLiteral = 400;

    /// <summary>Digits only, with a minus or without, and not "-0": JSON's grammar leaves one spelling for these.</summary>
    public static bool IsCanonicalInteger(ReadOnlySpan<byte> literal) =>
        !literal.SequenceEqual("-0"u8) && !literal.ContainsAny(".eE"u8);

    /// <param name="literal">A number in the grammar of JSON.</param>
    public static byte[] Format(ReadOnlySpan<byte> literal)
    {
        if (IsCanonicalInteger(literal) || literal.Length > LongestLiteral)
        {
            return literal.ToArray();
        }

        var (negative, digits, exponent) = Decompose(literal);
        if (digits.Length == 0)
        {
            return "0"u8.ToArray();
        }

        var sign = negative ? "-" : "";
        if (exponent >= 0 && exponent <= MostPlainDigits - digits.Length)
        {
            return Encoding.ASCII.GetBytes(sign + digits + new string('0', (int)exponent));
        }

        var number = double.Parse(literal, NumberStyles.Float, CultureInfo.InvariantCulture);
        // Out of a double's range: exact, in a form that no double has.
        if (double.IsInfinity(number) || number == 0)
        {
            return Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{sign}{digits}e{exponent}"));
        }

        return Encoding.ASCII.GetBytes(FormatDouble(number));
    }

    /// <summary>ECMA-262, Number::toString; RFC 8785, section 3.2.2.3.</summary>
    internal static string FormatDouble(double number)
    {
        if (number == 0)
        {
            return "0";
        }
        // The shortest digits that read back as this double: .NET finds the same ones as ECMAScript; only the layout differs.
        var shortest = Math.Abs(number).ToString("R", CultureInfo.InvariantCulture);
        var (_, digits, exponent) = Decompose(Encoding.ASCII.GetBytes(shortest));
        var sign = number < 0 ? "-" : "";
        var point = digits.Length + (int)exponent;
        return sign + point switch
        {
            > MostPlainDigits or <= -6 => Scientific(digits, point - 1),
            <= 0 => "0." + new string('0', -point) + digits,
            _ when point >= digits.Length => digits + new string('0', point - digits.Length),
            _ => digits[..point] + "." + digits[point..],
        };
    }

    private static string Scientific(string digits, int exponent) => string.Create(
        CultureInfo.InvariantCulture,
        $"{digits[0]}{(digits.Length > 1 ? "." + digits[1..] : "")}e{(exponent < 0 ? "-" : "+")}{Math.Abs(exponent)}");

    // The literal is digits × 10^exponent, the digits without zeros at either end; no digits for zero.
    private static (bool Negative, string Digits, BigInteger Exponent) Decompose(ReadOnlySpan<byte> literal)
    {
        var negative = literal[0] == '-';
        var mantissa = Encoding.ASCII.GetString(negative ? literal[1..] : literal);
        var exponent = BigInteger.Zero;
        if (mantissa.AsSpan().IndexOfAny('e', 'E') is var e and >= 0)
        {
            exponent = BigInteger.Parse(mantissa.AsSpan(e + 1), NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture);
            mantissa = mantissa[..e];
        }
        if (mantissa.IndexOf('.', StringComparison.Ordinal) is var dot and >= 0)
        {
            exponent -= mantissa.Length - dot - 1;
            mantissa = mantissa.Remove(dot, 1);
        }
        var withoutZeros = mantissa.TrimEnd('0');
        exponent += mantissa.Length - withoutZeros.Length;
        return (negative, withoutZeros.TrimStart('0'), exponent);
    }
}
