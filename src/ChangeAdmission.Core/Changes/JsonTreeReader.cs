using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;

namespace ChangeAdmission.Core.Changes;

/// <summary>Fills a <see cref="JsonTree"/>, strictly: one object, valid UTF-8, no lone surrogate, no key twice, at most 64 deep.</summary>
internal ref struct JsonTreeReader
{
    private const int InsertionSortLimit = 32;
    private const int LongestNameInPath = 100;
    private static readonly JsonReaderOptions Options = new() { MaxDepth = JsonTree.MaxDepth };

    private readonly JsonTree _tree;
    private readonly ReadOnlySpan<byte> _utf8;
    private Utf8JsonReader _reader;

    // The children of all open containers, oldest container first; a container's own begin at its frame's mark.
    private readonly List<int> _pending;
    private readonly List<(int Node, int Mark)> _open;

    public JsonTreeReader(JsonTree tree, ReadOnlySpan<byte> utf8)
    {
        _tree = tree;
        _utf8 = utf8;
        _reader = new Utf8JsonReader(utf8, Options);
        _pending = new List<int>(128);
        _open = new List<(int, int)>(16);
    }

    /// <exception cref="InvalidPodTemplateException">What the reader is strict about.</exception>
    public void Read()
    {
        if (!Utf8.IsValid(_utf8))
        {
            throw Invalid("The pod template is not valid UTF-8.");
        }

        try
        {
            ReadTokens();
        }
        catch (JsonException e)
        {
            throw Invalid($"The pod template is not JSON of at most {JsonTree.MaxDepth} levels; "
                + string.Create(CultureInfo.InvariantCulture, $"reading it failed at byte {_reader.BytesConsumed}."), e);
        }
        if (_tree.Kind(JsonTree.Root) != JsonKind.Object)
        {
            throw Invalid("The pod template is not a JSON object.");
        }
    }

    private void ReadTokens()
    {
        var name = default(JsonTree.TextRange);
        while (_reader.Read())
        {
            switch (_reader.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = TextOfToken();
                    continue;
                case JsonTokenType.StartObject:
                    Open(JsonKind.Object, name);
                    break;
                case JsonTokenType.StartArray:
                    Open(JsonKind.Array, name);
                    break;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    Close();
                    break;
                case JsonTokenType.String:
                    _pending.Add(_tree.Add(JsonKind.String, name, TextOfToken()));
                    break;
                case JsonTokenType.Number:
                    _pending.Add(_tree.Add(JsonKind.Number, name, NumberOfToken()));
                    break;
                default:
                    _pending.Add(_tree.Add(LiteralKind(_reader.TokenType), name, default));
                    break;
            }
            name = default;
        }
    }

    private void Open(JsonKind kind, JsonTree.TextRange name)
    {
        var node = _tree.Add(kind, name, default);
        _pending.Add(node);
        _open.Add((node, _pending.Count));
    }

    private void Close()
    {
        var (node, mark) = _open[^1];
        var children = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(_pending)[mark..];
        if (_tree.Kind(node) == JsonKind.Object)
        {
            Sort(children);
            RefuseDuplicates(children);
        }
        _tree.Link(node, children);
        _pending.RemoveRange(mark, children.Length);
        _open.RemoveAt(_open.Count - 1);
    }

    private readonly void Sort(Span<int> members)
    {
        if (members.Length > InsertionSortLimit)
        {
            members.Sort(new ByName(_tree));
            return;
        }
        for (var i = 1; i < members.Length; i++)
        {
            var member = members[i];
            var name = _tree.Name(member);
            var slot = i;
            for (; slot > 0 && JsonNameOrder.Compare(_tree.Name(members[slot - 1]), name) > 0; slot--)
            {
                members[slot] = members[slot - 1];
            }

            members[slot] = member;
        }
    }

    private void RefuseDuplicates(ReadOnlySpan<int> sorted)
    {
        for (var i = 1; i < sorted.Length; i++)
        {
            if (_tree.Name(sorted[i - 1]).SequenceEqual(_tree.Name(sorted[i])))
            {
                throw Invalid("A key appears twice in the pod template.", member: sorted[i]);
            }
        }
    }

    private JsonTree.TextRange TextOfToken()
    {
        if (!_reader.ValueIsEscaped)
        {
            return new JsonTree.TextRange((int)_reader.TokenStartIndex + 1, _reader.ValueSpan.Length, InScratch: false);
        }

        try
        {
            return _tree.Keep(_reader.CopyString(_tree.Scratch(_reader.ValueSpan.Length)));
        }
        catch (InvalidOperationException e)
        {
            throw Invalid("A text in the pod template has half of a surrogate pair.", e);
        }
    }

    private readonly JsonTree.TextRange NumberOfToken()
    {
        var literal = _reader.ValueSpan;
        if (CanonicalNumber.IsCanonicalInteger(literal))
        {
            return new JsonTree.TextRange((int)_reader.TokenStartIndex, literal.Length, InScratch: false);
        }

        var canonical = CanonicalNumber.Format(literal);
        return _tree.Store(canonical);
    }

    private static JsonKind LiteralKind(JsonTokenType token) => token switch
    {
        JsonTokenType.True => JsonKind.True,
        JsonTokenType.False => JsonKind.False,
        _ => JsonKind.Null,
    };

    private readonly InvalidPodTemplateException Invalid(
        string message, Exception? cause = null, int? member = null)
    {
        var path = new StringBuilder("spec.template");
        for (var i = 1; i < _open.Count; i++)
        {
            var node = _open[i].Node;
            if (_tree.Kind(_open[i - 1].Node) == JsonKind.Array)
            {
                path.Append(CultureInfo.InvariantCulture, $"[{_open[i].Mark - _open[i - 1].Mark - 1}]");
            }
            else
            {
                AppendName(path, _tree.Name(node));
            }
        }
        if (member is { } culprit)
        {
            AppendName(path, _tree.Name(culprit));
        }

        return new InvalidPodTemplateException(path.ToString(), message, cause);
    }

    // A path ends up in a terminal: no control characters, no endless name.
    private static void AppendName(StringBuilder path, ReadOnlySpan<byte> name)
    {
        var text = Encoding.UTF8.GetString(name.Length <= LongestNameInPath ? name : name[..LongestNameInPath]);
        path.Append('.');
        foreach (var character in text)
        {
            path.Append(char.IsControl(character) ? '?' : character);
        }
    }

    private readonly struct ByName(JsonTree tree) : IComparer<int>
    {
        public int Compare(int x, int y) => JsonNameOrder.Compare(tree.Name(x), tree.Name(y));
    }
}
