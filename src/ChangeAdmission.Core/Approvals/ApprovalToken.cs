using System.Buffers;
using System.Buffers.Text;
using System.Text.Json;
using ChangeAdmission.Core.Changes;

namespace ChangeAdmission.Core.Approvals;

/// <summary>
/// A signed approval: a compact JWS (RFC 7515) of which every part has one spelling. Header and claims are read from the very bytes that
/// the signature is over, so there is no second reader that could see something else; what is unknown in the header, written
/// twice, or encoded in an unusual way is refused. Nothing of it counts until <see cref="IsSignedBy"/>.
/// </summary>
public sealed record ApprovalToken
{
    public const string Type = "changeadmission-approval+jwt";
    public const string Algorithm = "ES256";

    private const int SignatureSize = 64;

    private static readonly SearchValues<char> Alphabet =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_");

    private static readonly JsonDocumentOptions Strict = new() { AllowDuplicateProperties = false, MaxDepth = 4 };

    private readonly string _signed;
    private readonly byte[] _signature;

    private ApprovalToken(string signed, byte[] signature) => (_signed, _signature) = (signed, signature);

    /// <summary><c>kid</c>: the name of the signer.</summary>
    public required string KeyId { get; init; }

    /// <summary><c>sub</c>: <c>&lt;namespace&gt;/&lt;kind&gt;/&lt;name&gt;</c>.</summary>
    public required string Subject { get; init; }

    public required ChangeDigest Digest { get; init; }

    /// <summary>A Kubernetes username.</summary>
    public required string Approver { get; init; }

    /// <summary><c>aud</c>: the name of the cluster.</summary>
    public required string Audience { get; init; }

    public required DateTimeOffset IssuedAt { get; init; }

    public required DateTimeOffset ExpiresAt { get; init; }

    /// <summary><c>nbf</c>; null for none.</summary>
    public DateTimeOffset? NotBefore { get; init; }

    /// <summary>Who wrote the change, as the approver knows; null when not said.</summary>
    public string? Author { get; init; }

    /// <summary>How a token names a workload.</summary>
    public static string SubjectOf(WorkloadReference workload) => $"{workload.Namespace}/{workload.Kind}/{workload.Name}";

    /// <summary>Whether the text is meant to be a token: the other values of the annotation have a colon or a slash.</summary>
    public static bool IsMeant(string text) => text.Contains('.', StringComparison.Ordinal) && !text.AsSpan().ContainsAny(':', '/');

    /// <summary>Reads a token without believing it.</summary>
    /// <param name="problem">Why it is none; null when it is one.</param>
    public static ApprovalToken? Read(string text, out string? problem)
    {
        problem = "is not a compact JWS of three base64url parts";
        var first = text.IndexOf('.', StringComparison.Ordinal);
        var last = text.LastIndexOf('.');
        if (first < 0
            || last == first
            || Decode(text.AsSpan(0, first)) is not { } header
            || Decode(text.AsSpan(first + 1, last - first - 1)) is not { } claims
            || Decode(text.AsSpan(last + 1)) is not { Length: SignatureSize } signature)
        {
            return null;
        }

        try
        {
            using var head = JsonDocument.Parse(header, Strict);
            problem = HeaderProblem(head.RootElement);
            if (problem is not null)
            {
                return null;
            }

            using var body = JsonDocument.Parse(claims, Strict);
            return ReadClaims(body.RootElement, head.RootElement.GetProperty("kid").GetString()!, text[..last], signature, out problem);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // InvalidOperationException is the reader's answer to half of a surrogate pair.
            problem = "has a header or claims that are not sound JSON";
            return null;
        }
    }

    public bool IsSignedBy(SigningKey key) => key.Verifies(_signed, _signature);

    private static string? HeaderProblem(JsonElement header)
    {
        if (header.ValueKind != JsonValueKind.Object)
        {
            return "has a header that is no object";
        }

        foreach (var member in header.EnumerateObject())
        {
            if (member.Name is not ("alg" or "typ" or "kid"))
            {
                return $"has {Quoted.Of(member.Name)} in its header, where alg, typ and kid stand";
            }
        }

        return Text(header, "alg") != Algorithm ? $"is not of the algorithm {Algorithm}"
            : Text(header, "typ") != Type ? $"is not of the type {Type}"
            : Text(header, "kid") is null or "" ? "names no signer in kid"
            : null;
    }

    private static ApprovalToken? ReadClaims(JsonElement claims, string keyId, string signed, byte[] signature, out string? problem)
    {
        problem = "has claims that are no object";
        if (claims.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        var hasNotBefore = claims.TryGetProperty("nbf", out _);
        problem = Text(claims, "sub") is null ? "has no sub"
            : !ChangeDigest.TryParse(Text(claims, "digest"), out _) ? "has no digest of the form sha256:<64 digits>"
            : Text(claims, "approver") is null or "" ? "has no approver"
            : Text(claims, "aud") is null ? "has no aud that is one text"
            : Time(claims, "iat") is null ? "has no iat in whole seconds"
            : Time(claims, "exp") is null ? "has no exp in whole seconds"
            : hasNotBefore && Time(claims, "nbf") is null ? "has an nbf that is no time in whole seconds"
            : claims.TryGetProperty("author", out _) && Text(claims, "author") is null or "" ? "has an author that is no name"
            : null;
        if (problem is not null)
        {
            return null;
        }

        _ = ChangeDigest.TryParse(Text(claims, "digest"), out var digest);
        return new ApprovalToken(signed, signature)
        {
            KeyId = keyId,
            Subject = Text(claims, "sub")!,
            Digest = digest,
            Approver = Text(claims, "approver")!,
            Audience = Text(claims, "aud")!,
            IssuedAt = Time(claims, "iat")!.Value,
            ExpiresAt = Time(claims, "exp")!.Value,
            NotBefore = Time(claims, "nbf"),
            Author = Text(claims, "author"),
        };
    }

    // Base64url without padding, in the one spelling that encodes these bytes; null for any other.
    private static byte[]? Decode(ReadOnlySpan<char> part)
    {
        if (part.IsEmpty || part.ContainsAnyExcept(Alphabet) || !Base64Url.IsValid(part))
        {
            return null;
        }

        var decoded = Base64Url.DecodeFromChars(part);
        return part.SequenceEqual(Base64Url.EncodeToString(decoded)) ? decoded : null;
    }

    private static string? Text(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static DateTimeOffset? Time(JsonElement of, string name) =>
        of.TryGetProperty(name, out var value)
        && value.ValueKind == JsonValueKind.Number
        && value.TryGetInt64(out var seconds)
        && seconds is >= 0 and < 253_402_300_800 // the year 10000
            ? DateTimeOffset.FromUnixTimeSeconds(seconds)
            : null;
}
