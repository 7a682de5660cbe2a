using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using ChangeAdmission.Core.Approvals;
using ChangeAdmission.Core.Tests.Decisions;

namespace ChangeAdmission.Core.Tests.Approvals;

/// <summary>A key pair of a senior, who signs whatever a test wants signed.</summary>
internal sealed class Signer(string name)
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string Name { get; } = name;

    public string PublicKey => _key.ExportSubjectPublicKeyInfoPem();

    public ApprovalSigner InThePolicy => new(Name, SigningKey.Read(PublicKey, out _)!, [], null, null);

    /// <summary>A token as it should be, for this change, given an hour ago for a day.</summary>
    public string Approve(Request request, Action<JsonObject>? claims = null, Action<JsonObject>? header = null)
    {
        var head = new JsonObject { ["alg"] = "ES256", ["typ"] = "changeadmission-approval+jwt", ["kid"] = Name };
        var body = new JsonObject
        {
            ["sub"] = "shop/Deployment/payments",
            ["digest"] = request.Digest.ToString(),
            ["approver"] = Name,
            ["aud"] = "default",
            ["iat"] = Cluster.Noon.AddHours(-1).ToUnixTimeSeconds(),
            ["exp"] = Cluster.Noon.AddHours(23).ToUnixTimeSeconds(),
        };
        header?.Invoke(head);
        claims?.Invoke(body);
        return Sign(head.ToJsonString(), body.ToJsonString());
    }

    public string Sign(string header, string claims)
    {
        var signed = $"{Encode(header)}.{Encode(claims)}";
        return $"{signed}.{Base64Url.EncodeToString(_key.SignData(Encoding.ASCII.GetBytes(signed), HashAlgorithmName.SHA256))}";
    }

    public static string Encode(string text) => Base64Url.EncodeToString(Encoding.UTF8.GetBytes(text));

    public static string Decode(string part) => Encoding.UTF8.GetString(Base64Url.DecodeFromChars(part));
}
