using System.Buffers.Binary;
using System.Security.Cryptography;

namespace ChangeAdmission.Core.Changes;

/// <summary>
/// What an approval approves: SHA-256 over the canonical form of {kind, name, namespace, template}. A manifest in Git and the
/// object the API server made of it have the same digest; two templates that Kubernetes would run differently never do.
/// </summary>
/// <remarks>
/// <c>default</c> is the digest of nothing: it is <see cref="IsDefault"/>, it equals no computed digest, its text does not parse.
/// </remarks>
public readonly record struct ChangeDigest
{
    /// <summary>Version of the table of defaults (<see cref="PodTemplateDefaults"/>) that digests are computed with.</summary>
    public const int TableVersion = 1;

    private const string Prefix = "sha256:";
    private const int HashBytes = 32;
    private const int ShortDigits = 12;

    private readonly ulong _a;
    private readonly ulong _b;
    private readonly ulong _c;
    private readonly ulong _d;

    private ChangeDigest(ReadOnlySpan<byte> hash)
    {
        _a = BinaryPrimitives.ReadUInt64BigEndian(hash);
        _b = BinaryPrimitives.ReadUInt64BigEndian(hash[8..]);
        _c = BinaryPrimitives.ReadUInt64BigEndian(hash[16..]);
        _d = BinaryPrimitives.ReadUInt64BigEndian(hash[24..]);
    }

    /// <summary>True for <c>default</c>, which stands for no digest at all.</summary>
    public bool IsDefault => (_a | _b | _c | _d) == 0;

    /// <summary><c>sha256:</c> and the first twelve digits, for people to compare and to type.</summary>
#pragma warning disable CA1720 // The word of every tool that shows digests, not the type.
    public string Short => IsDefault ? ToString() : ToString()[..(Prefix.Length + ShortDigits)];
#pragma warning restore CA1720

    /// <summary>The digest of rolling out this pod template as that workload.</summary>
    /// <param name="workload">The workload; its namespace, kind and name are part of the digest.</param>
    /// <param name="podTemplate">UTF-8 JSON of <c>spec.template</c>, as in a manifest or as returned by an API server.</param>
    /// <exception cref="InvalidPodTemplateException">The template is not one an API server could have accepted.</exception>
    public static ChangeDigest Compute(in WorkloadReference workload, ReadOnlyMemory<byte> podTemplate) =>
        Compute(workload, podTemplate, TemplateParts.All);

    /// <summary>
    /// The digest of the same content whatever its annotations say, under which the declaration of AI assistance is remembered:
    /// touching an annotation makes a new change, not new content. It is never an approval's digest.
    /// </summary>
    /// <exception cref="InvalidPodTemplateException">As for <see cref="Compute(in WorkloadReference, ReadOnlyMemory{byte})"/>.</exception>
    public static ChangeDigest ComputeContent(in WorkloadReference workload, ReadOnlyMemory<byte> podTemplate) =>
        Compute(workload, podTemplate, TemplateParts.WithoutAnnotations);

    /// <summary>Reads the exact form that <see cref="ToString"/> writes: lower case, 64 digits, nothing around it.</summary>
    public static bool TryParse(ReadOnlySpan<char> text, out ChangeDigest digest)
    {
        digest = default;
        if (!text.StartsWith(Prefix, StringComparison.Ordinal) || text.Length != Prefix.Length + (2 * HashBytes))
        {
            return false;
        }

        var digits = text[Prefix.Length..];
        if (digits.ContainsAnyInRange('A', 'F'))
        {
            return false;
        }

        Span<byte> hash = stackalloc byte[HashBytes];
        if (Convert.FromHexString(digits, hash, out _, out _) != System.Buffers.OperationStatus.Done)
        {
            return false;
        }

        digest = new ChangeDigest(hash);
        return !digest.IsDefault;
    }

    /// <summary><c>sha256:</c> and 64 lower-case digits; <c>(no digest)</c> for <c>default</c>.</summary>
    public override string ToString()
    {
        if (IsDefault)
        {
            return "(no digest)";
        }

        Span<byte> hash = stackalloc byte[HashBytes];
        BinaryPrimitives.WriteUInt64BigEndian(hash, _a);
        BinaryPrimitives.WriteUInt64BigEndian(hash[8..], _b);
        BinaryPrimitives.WriteUInt64BigEndian(hash[16..], _c);
        BinaryPrimitives.WriteUInt64BigEndian(hash[24..], _d);
        return string.Concat(Prefix, Convert.ToHexStringLower(hash));
    }

    private static ChangeDigest Compute(in WorkloadReference workload, ReadOnlyMemory<byte> podTemplate, TemplateParts parts)
    {
        using var json = new CanonicalJson(podTemplate.Length + 256);
        json.Raw("{\"kind\":\""u8);
        json.Raw(NameOf(workload.Kind));
        json.Raw("\",\"name\":"u8);
        json.String(workload.Name);
        json.Raw(",\"namespace\":"u8);
        json.String(workload.Namespace);
        json.Raw(",\"template\":"u8);
        CanonicalPodTemplate.Write(podTemplate, parts, json);
        json.Raw("}"u8);

        Span<byte> hash = stackalloc byte[HashBytes];
        SHA256.HashData(json.Written, hash);
        return new ChangeDigest(hash);
    }

    // Written out, so that renaming a member of the enum does not void every approval.
    private static ReadOnlySpan<byte> NameOf(WorkloadKind kind) => kind switch
    {
        WorkloadKind.Deployment => "Deployment"u8,
        WorkloadKind.StatefulSet => "StatefulSet"u8,
        WorkloadKind.DaemonSet => "DaemonSet"u8,
        _ => throw new ArgumentOutOfRangeException(nameof(kind), kind, "Not a workload kind."),
    };
}
