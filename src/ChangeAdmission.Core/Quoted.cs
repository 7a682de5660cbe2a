using System.Text;

namespace ChangeAdmission.Core;

/// <summary>
/// Text that somebody else chose, made safe to stand in a message or a log line: quoted, short, one line, and
/// without characters that a terminal acts on.
/// </summary>
public static class Quoted
{
    private const int MaxLength = 80;
    private const string Replacement = "\uFFFD";

    public static string Of(string? text)
    {
        text ??= "";
        var quoted = new StringBuilder(Math.Min(text.Length, MaxLength) + 3).Append('"');
        foreach (var rune in text.EnumerateRunes())
        {
            if (quoted.Length > MaxLength)
            {
                quoted.Append('…');
                break;
            }

            quoted.Append(rune.Value is '"' or '\\' ? $"\\{rune}" : IsPrintable(rune) ? rune.ToString() : Replacement);
        }

        return quoted.Append('"').ToString();
    }

    /// <summary>
    /// A whole sentence that may hold somebody else's words: one line, nothing that a terminal acts on, whatever its
    /// length.
    /// </summary>
    public static string Printable(string text)
    {
        if (!text.AsSpan().ContainsAnyExceptInRange(' ', '~'))
        {
            return text;
        }

        var printable = new StringBuilder(text.Length);
        foreach (var rune in text.EnumerateRunes())
        {
            printable.Append(IsPrintable(rune) ? rune.ToString() : Replacement);
        }

        return printable.ToString();
    }

    // Letters of every script stay readable; controls, bidirectional overrides, separators and lone surrogates do not.
    private static bool IsPrintable(Rune rune) => Rune.GetUnicodeCategory(rune) is not
        (System.Globalization.UnicodeCategory.Control
        or System.Globalization.UnicodeCategory.Format
        or System.Globalization.UnicodeCategory.LineSeparator
        or System.Globalization.UnicodeCategory.ParagraphSeparator
        or System.Globalization.UnicodeCategory.PrivateUse
        or System.Globalization.UnicodeCategory.Surrogate
        or System.Globalization.UnicodeCategory.OtherNotAssigned);
}
