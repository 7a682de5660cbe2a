using System.Security.Cryptography;
using System.Text;

namespace ChangeAdmission.Core.Approvals;

/// <summary>The ways in which an approval reaches us.</summary>
public enum ApprovalCarrier
{
    /// <summary>A value of the annotation <c>changeadmission.io/senior-approval</c>, written by the approver.</summary>
    Annotation,

    /// <summary>A <c>ChangeApproval</c>, created by the approver.</summary>
    Object,

    /// <summary>A token in that annotation, signed by the approver and carried by anybody.</summary>
    Signature,
}

/// <summary>One key by which one person signs approvals.</summary>
/// <param name="Name">That person's Kubernetes username; several keys may have one name.</param>
/// <param name="Aliases">Other names of the same person, as commits have them: who wrote a change under one of these does not approve it.</param>
/// <param name="NotBefore">Signatures by this key count from then on; null: always.</param>
/// <param name="NotAfter">Signatures by this key count until then, whenever they were made; null: for ever.</param>
public sealed record ApprovalSigner(string Name, SigningKey Key, IReadOnlyList<string> Aliases, DateTimeOffset? NotBefore, DateTimeOffset? NotAfter)
{
    public bool IsInForce(DateTimeOffset now) => (NotBefore is not { } from || from <= now) && (NotAfter is not { } until || now < until);
}

/// <summary>The public half of a key on the curve P-256. It fixes the algorithm: no token has a say in that.</summary>
public sealed class SigningKey
{
    private const string CurveP256 = "1.2.840.10045.3.1.7";
    private const int MaxPem = 1024;

    private readonly Lock _lock = new();
    private readonly ECDsa _key;

    private SigningKey(ECDsa key) => _key = key;

    /// <param name="pem">A SubjectPublicKeyInfo: <c>-----BEGIN PUBLIC KEY-----</c>.</param>
    /// <param name="problem">What is wrong with it; null when nothing is.</param>
    public static SigningKey? Read(string? pem, out string? problem)
    {
        problem = null;
        if (string.IsNullOrWhiteSpace(pem))
        {
            problem = "is required: a PEM that begins with -----BEGIN PUBLIC KEY-----";
            return null;
        }

        if (pem.Length > MaxPem || !PemEncoding.TryFind(pem, out var fields) || pem[fields.Label] != "PUBLIC KEY")
        {
            problem = "is not one PEM that begins with -----BEGIN PUBLIC KEY-----";
            return null;
        }

        var key = ECDsa.Create();
        try
        {
            key.ImportSubjectPublicKeyInfo(Convert.FromBase64String(pem[fields.Base64Data]), out _);
            if (key.ExportParameters(includePrivateParameters: false).Curve.Oid.Value == CurveP256)
            {
                return new SigningKey(key);
            }

            problem = "is not a key on the curve P-256";
        }
        catch (Exception e) when (e is CryptographicException or FormatException)
        {
            problem = "is not a public key on the curve P-256";
        }

        key.Dispose();
        return null;
    }

    /// <summary>Whether this key's private half signed the text (ES256: SHA-256, r and s of 32 bytes each).</summary>
    public bool Verifies(ReadOnlySpan<char> text, ReadOnlySpan<byte> signature)
    {
        var bytes = new byte[Encoding.ASCII.GetByteCount(text)];
        Encoding.ASCII.GetBytes(text, bytes);

        // Instances of ECDsa are not promised to be safe for several threads.
        lock (_lock)
        {
            return _key.VerifyData(bytes, signature, HashAlgorithmName.SHA256, DSASignatureFormat.IeeeP1363FixedFieldConcatenation);
        }
    }
}
