using System.Buffers.Text;

namespace ChangeAdmission.Core.Changes;

/// <summary>Rules whose default depends on other fields. Each names the function of the server that it mirrors.</summary>
internal static class ConditionalRules
{
    /// <summary>Always for an image without tag and digest or of tag latest, else IfNotPresent (SetDefaults_Container).</summary>
    public static readonly FieldRule PullPolicyOfImage = new PullPolicyRule("image");

    /// <summary>The same for a volume that is an image (SetDefaults_Volume).</summary>
    public static readonly FieldRule PullPolicyOfReference = new PullPolicyRule("reference");

    /// <summary>
    /// With hostNetwork the port on the node is the container's (defaultHostNetworkPorts): filled into templates up to 1.27 and into
    /// pods always. Without hostNetwork it is a decision.
    /// </summary>
    public static readonly FieldRule HostPort = new HostPortRule();

    /// <summary>
    /// The deprecated name of serviceAccountName (Convert_v1_PodSpec_To_core_PodSpec): a server fills either from the other, and
    /// when they disagree the new name wins. <see cref="PodTemplateNormalizer"/> sees to it that the new one is there.
    /// </summary>
    public static readonly FieldRule ServiceAccount = new ServiceAccountRule();

    /// <summary>A volume without a source becomes an emptyDir (SetDefaults_Volume). Beside another source it stays.</summary>
    public static readonly FieldRule OnlySource = new OnlySourceRule();

    /// <summary>
    /// What <c>kubectl rollout restart</c> writes. Only a time is ignored: anything else could reach a container by the downward API.
    /// </summary>
    public static readonly FieldRule RestartedAt = new RestartedAtRule();

    private sealed class PullPolicyRule(string imageField) : FieldRule
    {
        private readonly byte[] _imageField = System.Text.Encoding.ASCII.GetBytes(imageField);

        public override bool IsAbsence(JsonTree tree, in Field field)
        {
            if (tree.Kind(field.Node) != JsonKind.String)
            {
                return false;
            }

            var policy = tree.Text(field.Node);
            var image = tree.Member(field.Parent, _imageField);
            return policy.IsEmpty
                || (image >= 0 && tree.Kind(image) == JsonKind.String
                    && policy.SequenceEqual(ImageReference.DefaultPullPolicy(tree.Text(image))));
        }
    }

    private sealed class HostPortRule : FieldRule
    {
        public override bool IsAbsence(JsonTree tree, in Field field)
        {
            if (tree.Kind(field.Node) != JsonKind.Number)
            {
                return false;
            }

            var port = tree.Text(field.Node);
            var containerPort = tree.Member(field.Parent, "containerPort"u8);
            return port.SequenceEqual("0"u8)
                || (field.HostNetwork && containerPort >= 0 && tree.Kind(containerPort) == JsonKind.Number
                    && port.SequenceEqual(tree.Text(containerPort)));
        }
    }

    private sealed class ServiceAccountRule : FieldRule
    {
        public override bool IsAbsence(JsonTree tree, in Field field) =>
            tree.Kind(field.Node) == JsonKind.String
            && (tree.Text(field.Node).IsEmpty || tree.IsNonEmptyString(tree.Member(field.Parent, "serviceAccountName"u8)));
    }

    private sealed class OnlySourceRule : FieldRule
    {
        public override bool IsAbsence(JsonTree tree, in Field field)
        {
            if (tree.Kind(field.Node) != JsonKind.Object || !tree.IsEmpty(field.Node))
            {
                return false;
            }

            for (var member = tree.FirstChild(field.Parent); member >= 0; member = tree.NextSibling(member))
            {
                if (member != field.Node && tree.Kind(member) != JsonKind.Null && !tree.Name(member).SequenceEqual("name"u8))
                {
                    return false;
                }
            }

            return true;
        }
    }

    private sealed class RestartedAtRule : FieldRule
    {
        // 2026-01-02T15:04:05.123456789+01:00
        private const int LongestTime = 35;

        public override bool IsAbsence(JsonTree tree, in Field field) =>
            tree.Kind(field.Node) == JsonKind.String && IsTime(tree.Text(field.Node));

        // RFC 3339, section 5.6, in capitals, with nine digits of a second at most and no leap second.
        internal static bool IsTime(ReadOnlySpan<byte> text)
        {
            if (text.Length is < 20 or > LongestTime)
            {
                return false;
            }

            if (!Number(text[..4], 1, 9999, out var year) || text[4] != '-'
                || !Number(text[5..7], 1, 12, out var month) || text[7] != '-'
                || !Number(text[8..10], 1, DateTime.DaysInMonth(year, month), out _) || text[10] != 'T'
                || !Number(text[11..13], 0, 23, out _) || text[13] != ':'
                || !Number(text[14..16], 0, 59, out _) || text[16] != ':'
                || !Number(text[17..19], 0, 59, out _))
            {
                return false;
            }

            text = text[19..];
            if (text[0] == '.')
            {
                var fraction = text[1..].IndexOfAnyExceptInRange((byte)'0', (byte)'9');
                if (fraction is < 1 or > 9)
                {
                    return false;
                }

                text = text[(1 + fraction)..];
            }
            return text.SequenceEqual("Z"u8)
                || (text.Length == 6 && text[0] is (byte)'+' or (byte)'-' && text[3] == ':'
                    && Number(text[1..3], 0, 23, out _) && Number(text[4..6], 0, 59, out _));
        }

        private static bool Number(ReadOnlySpan<byte> digits, int least, int most, out int value) =>
            Utf8Parser.TryParse(digits, out value, out var read, 'D')
            && read == digits.Length
            && !digits.ContainsAnyExceptInRange((byte)'0', (byte)'9')
            && value >= least && value <= most;
    }
}
