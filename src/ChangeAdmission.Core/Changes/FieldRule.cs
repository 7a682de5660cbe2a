using System.Text;

namespace ChangeAdmission.Core.Changes;

/// <summary>What a server does with one field of a pod template, seen from its result: which of its values say the same as absence.</summary>
internal abstract class FieldRule
{
    /// <summary>
    /// Brings the field into its canonical form and says whether it then means the same as if it were not there. Its own members
    /// are in their canonical form already. Never called for null, which is absence.
    /// </summary>
    public abstract bool IsAbsence(JsonTree tree, in Field field);

    /// <summary>The text that a member of this map has when it is null; null itself where the field is no map.</summary>
    public virtual byte[]? NullMember => null;

    // The vocabulary of the table's second column.

    /// <summary>A field without pointer in the Go type: its zero value is absence and becomes the default.</summary>
    public static FieldRule Default(string value) => new ScalarRule((JsonKind.String, value), (JsonKind.String, ""));

    /// <inheritdoc cref="Default(string)"/>
    public static FieldRule Default(int value) =>
        new ScalarRule((JsonKind.Number, FormattableString.Invariant($"{value}")), (JsonKind.Number, "0"));

    /// <summary>A pointer in the Go type: only the default itself is absence, its zero value is a value.</summary>
    public static FieldRule PointerDefault(string value) => new ScalarRule((JsonKind.String, value));

    /// <inheritdoc cref="PointerDefault(string)"/>
    public static FieldRule PointerDefault(int value) =>
        new ScalarRule((JsonKind.Number, FormattableString.Invariant($"{value}")));

    /// <inheritdoc cref="PointerDefault(string)"/>
    public static FieldRule PointerDefault(bool value) => new ScalarRule((value ? JsonKind.True : JsonKind.False, ""));

    /// <summary>No default and no pointer in the Go type: the zero value is absence.</summary>
    public static readonly FieldRule ZeroText = new ScalarRule((JsonKind.String, ""));

    /// <inheritdoc cref="ZeroText"/>
    public static readonly FieldRule ZeroNumber = new ScalarRule((JsonKind.Number, "0"));

    /// <inheritdoc cref="ZeroText"/>
    public static readonly FieldRule ZeroFlag = new ScalarRule((JsonKind.False, ""));

    /// <summary>A list whose emptiness is absence.</summary>
    public static readonly FieldRule EmptyList = new EmptyRule(JsonKind.Array);

    /// <summary>A structure without pointer in the Go type, or a pointer that the server fills: being empty is absence.</summary>
    public static readonly FieldRule EmptyObject = new EmptyRule(JsonKind.Object);

    /// <summary>A map of texts whose emptiness is absence; a member that is null is there, and is the empty text.</summary>
    public static readonly FieldRule TextMap = new EmptyRule(JsonKind.Object, nullMember: "");

    /// <summary>A map of quantities whose emptiness is absence; a member that is null is there, and is 0.</summary>
    public static readonly FieldRule ResourceList = new EmptyRule(JsonKind.Object, nullMember: "0");

    /// <summary>A quantity in a list of resources, where the server rounds up to millis.</summary>
    public static readonly FieldRule ResourceQuantity = new QuantityRule(Quantity.Precision.Milli, zeroIsAbsence: false);

    /// <summary>A quantity behind a pointer: 0 is a value.</summary>
    public static readonly FieldRule PointerQuantity = new QuantityRule(Quantity.Precision.Nano, zeroIsAbsence: false);

    /// <summary>A quantity without pointer: 0 is absence.</summary>
    public static readonly FieldRule ZeroQuantity = new QuantityRule(Quantity.Precision.Nano, zeroIsAbsence: true);

    internal sealed class ScalarRule(params (JsonKind Kind, string Text)[] absences) : FieldRule
    {
        private readonly (JsonKind Kind, byte[] Text)[] _absences =
            Array.ConvertAll(absences, absence => (absence.Kind, Encoding.UTF8.GetBytes(absence.Text)));

        public IReadOnlyList<(JsonKind Kind, string Text)> Absences => absences;

        public override bool IsAbsence(JsonTree tree, in Field field)
        {
            foreach (var (kind, text) in _absences)
            {
                if (tree.Kind(field.Node) == kind && tree.Text(field.Node).SequenceEqual(text))
                {
                    return true;
                }
            }

            return false;
        }
    }

    internal sealed class EmptyRule(JsonKind kind, string? nullMember = null) : FieldRule
    {
        public JsonKind Kind => kind;

        public override byte[]? NullMember { get; } = nullMember is null ? null : Encoding.UTF8.GetBytes(nullMember);

        public override bool IsAbsence(JsonTree tree, in Field field) => tree.Kind(field.Node) == kind && tree.IsEmpty(field.Node);
    }

    internal sealed class QuantityRule(Quantity.Precision precision, bool zeroIsAbsence) : FieldRule
    {
        public bool ZeroIsAbsence => zeroIsAbsence;

        public override bool IsAbsence(JsonTree tree, in Field field)
        {
            if (tree.Kind(field.Node) is not (JsonKind.String or JsonKind.Number))
            {
                return false;
            }

            var text = tree.Text(field.Node);
            if (!(tree.Kind(field.Node) == JsonKind.String && Quantity.IsPlainlyCanonical(text))
                && Quantity.Canonicalize(text, precision) is { } canonical)
            {
                tree.SetString(field.Node, Encoding.ASCII.GetBytes(canonical));
            }

            return zeroIsAbsence && tree.IsString(field.Node, "0"u8);
        }
    }
}

/// <summary>A field as a rule sees it.</summary>
/// <param name="Node">The field itself.</param>
/// <param name="Parent">The object it is a member of.</param>
/// <param name="HostNetwork">Whether the pod uses the network of its node.</param>
internal readonly record struct Field(int Node, int Parent, bool HostNetwork);
