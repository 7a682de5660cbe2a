using System.Globalization;
using System.Numerics;
using System.Text;

namespace ChangeAdmission.Core.Changes;

/// <summary>
/// Kubernetes' canonical form of a quantity, exactly as an API server writes it: <c>0.5</c> is <c>500m</c>, <c>1024Mi</c> is
/// <c>1Gi</c>, <c>0.1Gi</c> is <c>107374182400m</c>, <c>1e9</c> stays <c>1e9</c>.
/// </summary>
/// <remarks>
/// Source: apimachinery <c>pkg/api/resource/quantity.go</c>, ParseQuantity and CanonicalizeBytes. What these do not accept, and what
/// is too long or too large to be meant, has no canonical form here: it stays as it is and so stays different from everything else.
/// </remarks>
internal static class Quantity
{
    private const int Longest = 64;
    private const int LargestExponent = 40;

    // Everything is counted in nanos, the smallest unit that Kubernetes keeps.
    private const int NanoDigits = 9;
    private static readonly BigInteger Nanos = BigInteger.Pow(10, NanoDigits);
    private static readonly BigInteger NanosPerMilli = BigInteger.Pow(10, 6);
    private static readonly BigInteger LargestBinary = long.MaxValue;
    private static readonly string[] DecimalSuffixes = ["n", "u", "m", "", "k", "M", "G", "T", "P", "E"];
    private static readonly string[] BinarySuffixes = ["", "Ki", "Mi", "Gi", "Ti", "Pi", "Ei"];

    private enum Notation
    {
        DecimalSI,
        BinarySI,
        DecimalExponent,
    }

    /// <summary>To which unit Kubernetes rounds up: nanos in general, millis in lists of resources (SetDefaults_ResourceList).</summary>
    public enum Precision
    {
        Nano,
        Milli,
    }

    /// <summary>True for the short canonical quantities that most templates consist of, such as <c>100m</c> and <c>2Gi</c>.</summary>
    public static bool IsPlainlyCanonical(ReadOnlySpan<byte> text)
    {
        var digits = text.IndexOfAnyExceptInRange((byte)'0', (byte)'9');
        if (digits < 0)
        {
            digits = text.Length;
        }
        // Up to three digits without a leading zero hold no factor of 1000 and none of 1024.
        if (digits is < 1 or > 3 || text[0] == '0')
        {
            return false;
        }

        var suffix = text[digits..];
        return suffix.Length switch
        {
            0 => true,
            1 => suffix[0] is (byte)'m' or (byte)'k' or (byte)'M' or (byte)'G' or (byte)'T' or (byte)'P' or (byte)'E',
            // 8Ei and more are capped.
            2 => suffix[1] == 'i' && suffix[0] is (byte)'K' or (byte)'M' or (byte)'G' or (byte)'T' or (byte)'P',
            _ => false,
        };
    }

    /// <summary>The canonical form, or null when the text has none.</summary>
    public static string? Canonicalize(ReadOnlySpan<byte> utf8, Precision precision)
    {
        if (utf8.Length > Longest || !Ascii.IsValid(utf8))
        {
            return null;
        }

        var text = Encoding.ASCII.GetString(utf8).Trim(' ', '\t', '\n', '\v', '\f', '\r');
        if (Parse(text) is not var (nanos, notation))
        {
            return null;
        }

        if (precision == Precision.Milli)
        {
            nanos = RoundAwayFromZero(nanos, NanosPerMilli) * NanosPerMilli;
        }

        return nanos.IsZero ? "0" : Format(nanos, notation);
    }

    private static (BigInteger Nanos, Notation Notation)? Parse(string text)
    {
        var position = 0;
        var negative = text.StartsWith('-');
        if (negative || text.StartsWith('+'))
        {
            position++;
        }

        var whole = Digits(text, ref position);
        var fraction = "";
        if (position < text.Length && text[position] == '.')
        {
            position++;
            fraction = Digits(text, ref position);
        }
        if (whole.Length + fraction.Length == 0 || Suffix(text.AsSpan(position)) is not var (ten, two, notation))
        {
            return null;
        }

        var value = BigInteger.Parse(whole + fraction, NumberStyles.None, CultureInfo.InvariantCulture) << two;
        var scale = NanoDigits + ten - fraction.Length;
        var nanos = scale >= 0
            ? value * BigInteger.Pow(10, scale)
            : RoundAwayFromZero(value, BigInteger.Pow(10, -scale));
        if (notation == Notation.BinarySI)
        {
            nanos = BigInteger.Min(nanos, LargestBinary * Nanos);
        }

        return (negative ? -nanos : nanos, notation);
    }

    private static string Digits(string text, ref int position)
    {
        var start = position;
        while (position < text.Length && char.IsAsciiDigit(text[position]))
        {
            position++;
        }

        return text[start..position];
    }

    // The factor is 10^Ten × 2^Two.
    private static (int Ten, int Two, Notation Notation)? Suffix(ReadOnlySpan<char> suffix)
    {
        for (var i = 0; i < DecimalSuffixes.Length; i++)
        {
            if (suffix.SequenceEqual(DecimalSuffixes[i]))
            {
                return ((i * 3) - NanoDigits, 0, Notation.DecimalSI);
            }
        }

        for (var i = 1; i < BinarySuffixes.Length; i++)
        {
            if (suffix.SequenceEqual(BinarySuffixes[i]))
            {
                return (0, i * 10, Notation.BinarySI);
            }
        }

        if (suffix[0] is 'e' or 'E'
            && suffix.Length > 1
            && int.TryParse(suffix[1..], NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var exponent)
            && Math.Abs((long)exponent) <= LargestExponent)
        {
            return (exponent, 0, Notation.DecimalExponent);
        }

        return null;
    }

    private static string? Format(BigInteger nanos, Notation notation)
    {
        if (notation == Notation.BinarySI && (nanos % Nanos).IsZero)
        {
            var amount = nanos / Nanos;
            var power = 0;
            while ((amount % 1024).IsZero)
            {
                amount /= 1024;
                power++;
            }
            // Without a suffix the text reads as decimal when the server loads it again: 1.953125Ki is 2000, then 2k.
            if (power > 0)
            {
                return Invariant(amount, BinarySuffixes[power]);
            }
        }

        var exponent = -NanoDigits;
        while ((nanos % 1000).IsZero)
        {
            nanos /= 1000;
            exponent += 3;
        }
        if (notation == Notation.DecimalExponent)
        {
            return Invariant(nanos, exponent == 0 ? "" : "e" + exponent.ToString(CultureInfo.InvariantCulture));
        }

        var suffix = (exponent + NanoDigits) / 3;
        // Beyond exa Kubernetes loses the suffix and with it the value.
        return suffix < DecimalSuffixes.Length ? Invariant(nanos, DecimalSuffixes[suffix]) : null;
    }

    private static string Invariant(BigInteger amount, string suffix) => amount.ToString(CultureInfo.InvariantCulture) + suffix;

    private static BigInteger RoundAwayFromZero(BigInteger value, BigInteger unit)
    {
        var quotient = BigInteger.DivRem(value, unit, out var remainder);
        return remainder.IsZero ? quotient : quotient + remainder.Sign;
    }
}
