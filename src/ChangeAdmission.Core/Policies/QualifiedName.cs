namespace ChangeAdmission.Core.Policies;

/// <summary>
/// Label and annotation keys as Kubernetes allows them: <c>[dns-subdomain/]name</c>.
/// Source: <c>IsQualifiedName</c> in k8s.io/apimachinery/pkg/util/validation/validation.go.
/// </summary>
public static class QualifiedName
{
    private const int MaxName = 63;
    private const int MaxPrefix = 253;

    /// <summary>What is wrong with a key, in words; null when nothing is.</summary>
    public static string? Problem(string key)
    {
        var slash = key.IndexOf('/', StringComparison.Ordinal);
        var name = key.AsSpan(slash + 1);
        if (key.Length == 0)
        {
            return "is required";
        }

        if (slash >= 0 && !IsSubdomain(key.AsSpan(0, slash)))
        {
            return $"{Quoted.Of(key)} has a prefix that is not a DNS subdomain";
        }

        return IsName(name)
            ? null
            : $"{Quoted.Of(key)} is not a qualified name (an optional DNS subdomain and '/', then at most 63 letters, digits, '-', '_' or '.')";
    }

    /// <summary>Whether the text may be the name part of a key, which is also what a label value may be.</summary>
    public static bool IsName(ReadOnlySpan<char> text) =>
        text.Length is > 0 and <= MaxName
        && char.IsAsciiLetterOrDigit(text[0])
        && char.IsAsciiLetterOrDigit(text[^1])
        && !text.ContainsAnyExcept(NameCharacters);

    private static readonly System.Buffers.SearchValues<char> NameCharacters =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.");

    /// <summary>Whether the text is a DNS subdomain (RFC 1123), as names of objects and prefixes of keys are.</summary>
    public static bool IsSubdomain(ReadOnlySpan<char> text)
    {
        if (text.Length is 0 or > MaxPrefix)
        {
            return false;
        }

        foreach (var range in text.Split('.'))
        {
            var label = text[range];
            if (label.Length == 0 || label[0] == '-' || label[^1] == '-')
            {
                return false;
            }

            foreach (var c in label)
            {
                if (!char.IsAsciiLetterLower(c) && !char.IsAsciiDigit(c) && c != '-')
                {
                    return false;
                }
            }
        }

        return true;
    }
}
