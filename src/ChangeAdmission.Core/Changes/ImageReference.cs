using System.Buffers;

namespace ChangeAdmission.Core.Changes;

/// <summary>What of an image reference decides the default of its pull policy: its tag and its digest.</summary>
/// <remarks>
/// Source: kubernetes <c>pkg/util/parsers/parsers.go</c> ParseImageName, over the grammar of distribution's <c>reference</c> package.
/// A server reads a reference that is not valid there as one without a tag, and fills in <c>IfNotPresent</c>. The grammar here is the
/// part of theirs that every version shares; for what lies outside of it no default is claimed to be known.
/// </remarks>
internal static class ImageReference
{
    // 255 with the registry and the library that Docker's short names stand for, "docker.io/library/".
    private const int LongestName = 237;
    private const int LongestTag = 128;
    private const int IdentifierDigits = 64;

    private static readonly SearchValues<byte> LowerHex = SearchValues.Create("0123456789abcdef"u8);
    private static readonly SearchValues<byte> LowerAlphanumeric = SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789"u8);
    private static readonly SearchValues<byte> Domain =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-"u8);
    private static readonly SearchValues<byte> Tag =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-"u8);

    /// <summary>The pull policy that a server fills in for this image, or nothing when that is not certain.</summary>
    public static ReadOnlySpan<byte> DefaultPullPolicy(ReadOnlySpan<byte> image)
    {
        var digest = image.IndexOf((byte)'@');
        if (digest >= 0 && !IsDigest(image[(digest + 1)..]))
        {
            return default;
        }

        var name = digest >= 0 ? image[..digest] : image;

        // The colon of a registry's port is before the last slash.
        var path = name[(name.LastIndexOf((byte)'/') + 1)..];
        var colon = path.IndexOf((byte)':');
        var tag = colon >= 0 ? path[(colon + 1)..] : default;
        if (colon >= 0)
        {
            if (!IsTag(tag))
            {
                return default;
            }

            name = name[..^(tag.Length + 1)];
        }
        if (!IsName(name))
        {
            return default;
        }

        return tag.SequenceEqual("latest"u8) || (colon < 0 && digest < 0) ? "Always"u8 : "IfNotPresent"u8;
    }

    private static bool IsDigest(ReadOnlySpan<byte> digest) =>
        digest.StartsWith("sha256:"u8) && digest.Length == 7 + 64 && !digest[7..].ContainsAnyExcept(LowerHex);

    private static bool IsTag(ReadOnlySpan<byte> tag) =>
        tag.Length is > 0 and <= LongestTag && tag[0] is not ((byte)'.' or (byte)'-') && !tag.ContainsAnyExcept(Tag);

    private static bool IsName(ReadOnlySpan<byte> name)
    {
        // 64 hexadecimal digits are an image's id and no name.
        if (name.Length > LongestName || (name.Length == IdentifierDigits && !name.ContainsAnyExcept(LowerHex)))
        {
            return false;
        }

        var slash = name.IndexOf((byte)'/');
        if (slash >= 0 && (name[..slash].ContainsAny(".:"u8) || name[..slash].SequenceEqual("localhost"u8)))
        {
            if (!IsDomain(name[..slash]))
            {
                return false;
            }

            name = name[(slash + 1)..];
        }
        foreach (var part in name.Split((byte)'/'))
        {
            if (!IsPathComponent(name[part]))
            {
                return false;
            }
        }

        return true;
    }

    private static bool IsDomain(ReadOnlySpan<byte> domain)
    {
        if (domain.IndexOf((byte)':') is var colon and >= 0)
        {
            var port = domain[(colon + 1)..];
            if (port.IsEmpty || port.ContainsAnyExceptInRange((byte)'0', (byte)'9'))
            {
                return false;
            }

            domain = domain[..colon];
        }
        foreach (var range in domain.Split((byte)'.'))
        {
            var part = domain[range];
            if (part.IsEmpty || part[0] == '-' || part[^1] == '-' || part.ContainsAnyExcept(Domain))
            {
                return false;
            }
        }
        return true;
    }

    // Runs of [a-z0-9], between them one dot, one or two underscores, or dashes.
    private static bool IsPathComponent(ReadOnlySpan<byte> part)
    {
        while (true)
        {
            var run = part.IndexOfAnyExcept(LowerAlphanumeric);
            if (run < 0)
            {
                return part.Length > 0;
            }

            if (run == 0)
            {
                return false;
            }

            part = part[run..];
            var separator = part.IndexOfAny(LowerAlphanumeric);
            if (separator < 0 || !IsSeparator(part[..separator]))
            {
                return false;
            }

            part = part[separator..];
        }
    }

    private static bool IsSeparator(ReadOnlySpan<byte> text) =>
        text.SequenceEqual("."u8) || text.SequenceEqual("_"u8) || text.SequenceEqual("__"u8) || !text.ContainsAnyExcept((byte)'-');
}
