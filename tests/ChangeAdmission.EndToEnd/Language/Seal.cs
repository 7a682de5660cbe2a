using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json.Nodes;

namespace ChangeAdmission.EndToEnd.Language;

/// <summary>A senior's key pair, with which approvals are signed far from any cluster.</summary>
internal sealed class Seal(string name)
{
    private readonly ECDsa _key = ECDsa.Create(ECCurve.NamedCurves.nistP256);

    public string PublicKey => _key.ExportSubjectPublicKeyInfoPem();

    public JsonObject InThePolicy => new() { ["name"] = name, ["publicKey"] = PublicKey };

    /// <summary>A token for this content; the changes make it what it should not be.</summary>
    public string Signs(Manifest of, TestNamespace ns, Action<JsonObject>? claims = null, Action<JsonObject>? header = null)
    {
        var now = DateTimeOffset.UtcNow.ToUnixTimeSeconds();
        var head = new JsonObject { ["alg"] = "ES256", ["typ"] = "changeadmission-approval+jwt", ["kid"] = name };
        var body = new JsonObject
        {
            ["sub"] = $"{ns}/{of.Kind}/{of.Name}",
            ["digest"] = of.DigestIn(ns).ToString(),
            ["approver"] = name,
            ["aud"] = "default",
            ["iat"] = now,
            ["exp"] = now + 3600,
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
}
