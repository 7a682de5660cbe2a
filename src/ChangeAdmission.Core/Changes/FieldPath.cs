using System.Text;

namespace ChangeAdmission.Core.Changes;

/// <summary>
/// One step of the tree that the table of defaults spans, walked down along with a template. Steps are the members of an object by
/// name, any member of a map (<c>.*</c>) and the elements of a list (<c>[]</c>).
/// </summary>
internal sealed class FieldPath
{
    private FieldPath?[] _slots = new FieldPath?[4];
    private int _members;
    private FieldPath? _anyMember;
    private byte[] _name = [];

    public FieldRule? Rule { get; private set; }

    public FieldPath? Element { get; private set; }

    /// <summary>Where the member of that name leads; null when the table has nothing to say about it or anything below.</summary>
    public FieldPath? Member(ReadOnlySpan<byte> name)
    {
        for (var slot = Slot(name, _slots.Length); _slots[slot] is { } found; slot = (slot + 1) & (_slots.Length - 1))
        {
            if (name.SequenceEqual(found._name))
            {
                return found;
            }
        }

        return _anyMember;
    }

    /// <summary>Adds the rows of a table, which names each path at most once.</summary>
    public static FieldPath FromTable(IEnumerable<DefaultsRow> table)
    {
        var root = new FieldPath();
        foreach (var row in table)
        {
            foreach (var path in row.Paths)
            {
                var end = root;
                foreach (var step in Steps(path))
                {
                    end = end.Step(step);
                }

                if (end.Rule is not null)
                {
                    throw new InvalidOperationException($"The table of defaults names {path} twice.");
                }

                end.Rule = row.Rule;
            }
        }

        return root;
    }

    /// <summary>The steps of a path: names, <c>[]</c> and <c>*</c>. A name that has dots stands in brackets and quotes.</summary>
    internal static IEnumerable<string> Steps(string path)
    {
        for (var position = 0; position < path.Length;)
        {
            if (path[position] == '.')
            {
                position++;
            }
            else if (path[position] == '[')
            {
                var close = path.IndexOf(']', position);
                yield return close == position + 1 ? "[]" : path[(position + 2)..(close - 1)];
                position = close + 1;
            }
            else
            {
                var end = path.IndexOfAny(['.', '['], position);
                if (end < 0)
                {
                    end = path.Length;
                }

                yield return path[position..end];
                position = end;
            }
        }
    }

    private FieldPath Step(string step)
    {
        if (step == "[]")
        {
            return Element ??= new FieldPath();
        }

        if (step == "*")
        {
            return _anyMember ??= new FieldPath();
        }

        var name = Encoding.UTF8.GetBytes(step);
        if (Member(name) is { } known && known != _anyMember)
        {
            return known;
        }

        var added = new FieldPath { _name = name };
        if (++_members * 2 > _slots.Length)
        {
            var before = _slots;
            _slots = new FieldPath?[before.Length * 2];
            foreach (var member in before)
            {
                if (member is not null)
                {
                    Insert(member);
                }
            }
        }
        Insert(added);
        return added;
    }

    private void Insert(FieldPath member)
    {
        var slot = Slot(member._name, _slots.Length);
        while (_slots[slot] is not null)
        {
            slot = (slot + 1) & (_slots.Length - 1);
        }

        _slots[slot] = member;
    }

    // Length, first and last letter tell the fields of one type apart well enough.
    private static int Slot(ReadOnlySpan<byte> name, int slots) =>
        name.IsEmpty ? 0 : ((name.Length * 31) + (name[0] * 7) + (name[^1] * 3)) & (slots - 1);
}
