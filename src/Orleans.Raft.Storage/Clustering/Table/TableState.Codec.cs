using System.Collections.Immutable;
using Orleans.Raft.Wire;

namespace Orleans.Raft.Storage.Clustering;

/// <summary>The state as bytes: a snapshot's data.</summary>
internal sealed partial class TableState
{
    private const int Format = 1;

    /// <summary>Equal states give equal bytes.</summary>
    public byte[] Encode()
    {
        var fields = Encoded(Incarnation, Cluster, Applied, View).Number(7, _nextReplica);
        foreach (var session in _sessions.Values)
        {
            fields.Bytes(9, session.Encode());
        }

        foreach (var replica in _removed)
        {
            fields.Number(11, replica);
        }

        return fields.ToArray();
    }

    /// <summary>A view for readers: the state without sessions and what else only replicas need.</summary>
    public static byte[] EncodeView(Guid incarnation, string cluster, long applied, TableView view) =>
        Encoded(incarnation, cluster, applied, view).ToArray();

    /// <summary>Reads a state or a view.</summary>
    /// <exception cref="WireFormatException">The bytes are no state, or of a later format.</exception>
    public static TableState Decode(ReadOnlyMemory<byte> input)
    {
        var reader = new WireReader(input, "State");
        var (format, incarnation, cluster, applied) = (0, Guid.Empty, "", 0L);
        var (version, versionETag, nextReplica) = (0, 0L, 1L);
        var rows = TableView.Empty.Rows.ToBuilder();
        var voters = TableView.Empty.Voters.ToBuilder();
        var (sessions, removed) = (new List<TableSession>(), new List<long>());
        while (reader.Next())
        {
            switch (reader.Field)
            {
                case 1:
                    format = reader.Number(int.MaxValue);
                    break;
                case 2:
                    incarnation = reader.Id();
                    break;
                case 3:
                    cluster = reader.Text();
                    break;
                case 4:
                    applied = reader.Number();
                    break;
                case 5:
                    version = reader.Signed();
                    break;
                case 6:
                    versionETag = reader.Number();
                    break;
                case 7:
                    nextReplica = reader.Number();
                    break;
                case 8:
                    var row = SiloRow.Decode(reader.Bytes());
                    rows[row.Silo] = row;
                    break;
                case 9:
                    sessions.Add(TableSession.Decode(reader.Bytes()));
                    break;
                case 10:
                    var voter = VoterBinding.Decode(reader.Bytes());
                    voters[voter.Replica.Value] = voter;
                    break;
                case 11:
                    removed.Add(reader.Number());
                    break;
                default:
                    reader.Skip();
                    break;
            }
        }

        if (format != Format || incarnation == Guid.Empty)
        {
            reader.Fail($"a state of format {Format}", $"format {format}; a newer version of the package wrote it: upgrade");
        }

        var view = new TableView(version, versionETag, rows.ToImmutable(), voters.ToImmutable());
        return Restored(new TableState(incarnation, cluster) { Applied = applied, View = view, _nextReplica = nextReplica }, sessions, removed);
    }

    private static Fields Encoded(Guid incarnation, string cluster, long applied, TableView view)
    {
        var fields = new Fields()
            .Number(1, Format)
            .Id(2, incarnation)
            .Text(3, cluster)
            .Number(4, applied)
            .Signed(5, view.Version)
            .Number(6, view.VersionETag);
        foreach (var row in view.Rows.Values)
        {
            fields.Bytes(8, row.Encode());
        }

        foreach (var voter in view.Voters.Values)
        {
            fields.Bytes(10, voter.Encode());
        }

        return fields;
    }

    private static TableState Restored(TableState state, List<TableSession> sessions, List<long> removed)
    {
        foreach (var session in sessions)
        {
            state._sessions[session.Id] = session;
        }

        state._removed.UnionWith(removed);
        return state;
    }
}
