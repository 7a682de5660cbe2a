using System.Globalization;
using System.Text.Json;

namespace ChangeAdmission.Cli.Manifests;

/// <summary>
/// What a plain YAML scalar means to <c>kubectl</c>: YAML 1.1 as go-yaml v2 reads it (resolve.go, used through
/// sigs.k8s.io/yaml). <c>yes</c> is true, <c>0644</c> is 420, a date stays text.
/// </summary>
internal static class YamlScalar
{
    /// <summary>Writes the scalar as the JSON value that it stands for.</summary>
    /// <exception cref="FormatException">It is a number that JSON does not have.</exception>
    public static void Write(string plain, Utf8JsonWriter json)
    {
        switch (plain)
        {
            case "" or "~" or "null" or "Null" or "NULL":
                json.WriteNullValue();
                break;
            case "y" or "Y" or "yes" or "Yes" or "YES" or "true" or "True" or "TRUE" or "on" or "On" or "ON":
                json.WriteBooleanValue(true);
                break;
            case "n" or "N" or "no" or "No" or "NO" or "false" or "False" or "FALSE" or "off" or "Off" or "OFF":
                json.WriteBooleanValue(false);
                break;
            case ".nan" or ".NaN" or ".NAN" or ".inf" or ".Inf" or ".INF" or "+.inf" or "+.Inf" or "+.INF" or "-.inf" or "-.Inf" or "-.INF":
                throw new FormatException($"{plain} has no place in JSON, which Kubernetes speaks");
            default:
                if (Number(plain) is { } number)
                {
                    json.WriteRawValue(number);
                }
                else
                {
                    json.WriteStringValue(plain);
                }

                break;
        }
    }

    /// <summary>The JSON number that the scalar stands for; null when it is text.</summary>
    internal static string? Number(string plain)
    {
        if (plain.Length == 0 || !(char.IsAsciiDigit(plain[0]) || plain[0] is '+' or '-' or '.'))
        {
            return null;
        }

        // A leading point is read without a look at underscores.
        var text = plain[0] == '.' ? plain : plain.Replace("_", "", StringComparison.Ordinal);
        return Integer(text) ?? Float(text);
    }

    // Go's strconv.ParseInt and ParseUint with base 0: a prefix names the base, a leading zero is octal.
    private static string? Integer(string text)
    {
        var sign = text.StartsWith('-') ? "-" : "";
        var hasSign = text.Length > 0 && text[0] is '-' or '+';
        var digits = text.AsSpan(hasSign ? 1 : 0);
        var (radix, prefix) = digits switch
        {
            ['0', 'x' or 'X', ..] => (16u, 2),
            ['0', 'b' or 'B', ..] => (2u, 2),
            ['0', 'o' or 'O', ..] => (8u, 2),
            ['0', _, ..] => (8u, 1),
            _ => (10u, 0),
        };
        if (Value(digits[prefix..], radix) is not { } value)
        {
            return null;
        }

        // Only a number without a sign may need the 64th bit.
        var limit = sign.Length > 0 ? (ulong)long.MaxValue + 1 : hasSign ? long.MaxValue : ulong.MaxValue;
        return value <= limit ? (value == 0 ? "0" : sign + value.ToString(CultureInfo.InvariantCulture)) : null;
    }

    private static ulong? Value(ReadOnlySpan<char> digits, uint radix)
    {
        UInt128 value = 0;
        foreach (var c in digits)
        {
            var digit = char.IsAsciiHexDigit(c) ? Convert.ToUInt32(c.ToString(), 16) : uint.MaxValue;
            if (digit >= radix)
            {
                return null;
            }

            value = (value * radix) + digit;
            if (value > ulong.MaxValue)
            {
                return null;
            }
        }

        return digits.IsEmpty ? null : (ulong)value;
    }

    // ^[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?$
    private static string? Float(string text)
    {
        var rest = text.AsSpan();
        if (rest is ['-' or '+', ..])
        {
            rest = rest[1..];
        }

        var whole = Digits(ref rest);
        var fraction = 0;
        if (rest is ['.', ..])
        {
            rest = rest[1..];
            fraction = Digits(ref rest);
        }

        if (whole + fraction == 0)
        {
            return null;
        }

        if (rest is ['e' or 'E', ..])
        {
            rest = rest[1..];
            if (rest is ['-' or '+', ..])
            {
                rest = rest[1..];
            }

            if (Digits(ref rest) == 0)
            {
                return null;
            }
        }

        // What is too large for a double is text, as go-yaml has it.
        return rest.IsEmpty && double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var value) && double.IsFinite(value)
            ? value.ToString("R", CultureInfo.InvariantCulture)
            : null;
    }

    private static int Digits(ref ReadOnlySpan<char> text)
    {
        var count = text.IndexOfAnyExceptInRange('0', '9');
        count = count < 0 ? text.Length : count;
        text = text[count..];
        return count;
    }
}
