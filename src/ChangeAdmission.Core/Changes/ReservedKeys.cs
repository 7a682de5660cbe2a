using System.Text;

namespace ChangeAdmission.Core.Changes;

/// <summary>
/// Finds annotation keys that are meant to be, or to be taken for, one of ours: another case, look-alike characters,
/// a slip of the pen. Everything under our own prefix that we do not know is one of these.
/// </summary>
public static class ReservedKeys
{
    // A prefix of 253 characters, the slash, a name of 63.
    private const int LongestKey = 317;

    private static readonly string[] Skeletons = [.. WellKnown.Annotations.Select(Skeleton)];

    /// <summary>The key of ours that this one looks like; null when it is one of ours, or nothing like it.</summary>
    public static string? LooksLike(string key)
    {
        if (key.Length > LongestKey || WellKnown.Annotations.Contains(key, StringComparer.Ordinal))
        {
            return null;
        }

        var skeleton = Skeleton(key);
        var underOurPrefix = key.StartsWith(WellKnown.Prefix, StringComparison.OrdinalIgnoreCase);
        var allowance = underOurPrefix ? int.MaxValue : 2;
        var best = (Distance: int.MaxValue, Key: (string?)null);
        for (var i = 0; i < Skeletons.Length; i++)
        {
            if (!underOurPrefix && Math.Abs(Skeletons[i].Length - skeleton.Length) > allowance)
            {
                continue;
            }

            var distance = Distance(Skeletons[i], skeleton);
            if (distance <= allowance && distance < best.Distance)
            {
                best = (distance, WellKnown.Annotations[i]);
            }
        }

        return best.Key;
    }

    // Lower-case letters and digits only, digits folded to the letters they are taken for. What is not ASCII is no
    // annotation key to the API server at all and is refused before anything is compared.
    private static string Skeleton(string key)
    {
        var text = new StringBuilder(key.Length);
        foreach (var c in key)
        {
            var folded = char.ToLowerInvariant(c) switch
            {
                '0' => 'o',
                '1' or 'l' => 'i',
                '5' => 's',
                var other => other,
            };
            if (char.IsAsciiLetterLower(folded) || char.IsAsciiDigit(folded))
            {
                text.Append(folded);
            }
        }

        return text.ToString();
    }

    // Levenshtein's distance, one row at a time.
    private static int Distance(string a, string b)
    {
        Span<int> row = stackalloc int[b.Length + 1];
        for (var j = 0; j <= b.Length; j++)
        {
            row[j] = j;
        }

        for (var i = 1; i <= a.Length; i++)
        {
            var diagonal = row[0];
            row[0] = i;
            for (var j = 1; j <= b.Length; j++)
            {
                var substituted = diagonal + (a[i - 1] == b[j - 1] ? 0 : 1);
                diagonal = row[j];
                row[j] = Math.Min(Math.Min(row[j] + 1, row[j - 1] + 1), substituted);
            }
        }

        return row[b.Length];
    }
}
