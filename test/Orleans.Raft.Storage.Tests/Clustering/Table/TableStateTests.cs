using Orleans.Raft.Core;
using Orleans.Raft.Storage.Clustering;
using Xunit;

namespace Orleans.Raft.Storage.Tests.Clustering;

public sealed class TableStateTests
{
    private readonly TableState _state = TableState.Genesis(
        Guid.NewGuid(),
        "test",
        [new VoterBinding { Replica = new ReplicaId(1), Name = "s1", Store = Guid.NewGuid(), Address = "localhost:1" }]);

    [Fact]
    public void A_row_is_inserted_under_the_tables_etag_and_gets_the_entrys_index_as_its_own()
    {
        Assert.Equal(TableResult.Done, Insert("a", version: 1, etag: 1).Result);
        Assert.Equal((1, 2L), (_state.View.Version, _state.View.VersionETag));
        Assert.Equal(2, _state.View.Rows["a"].ETag);
    }

    [Fact]
    public void A_second_insert_of_a_row_or_one_under_an_old_etag_changes_nothing()
    {
        Insert("a", 1, 1);
        var before = _state.View;
        Assert.Equal(TableResult.Conflict, Insert("a", 2, 2).Result);
        Assert.Equal(TableResult.Conflict, Insert("b", 2, 1).Result);
        Assert.Same(before, _state.View);
    }

    [Fact]
    public void An_update_needs_the_row_its_etag_and_the_tables()
    {
        Insert("a", 1, 1);
        Assert.Equal(TableResult.Conflict, Update("b", 2, 2, 2).Result);
        Assert.Equal(TableResult.Conflict, Update("a", 2, 1, 2).Result);
        Assert.Equal(TableResult.Conflict, Update("a", 2, 2, 1).Result);
        Assert.Equal(TableResult.Done, Update("a", 2, 2, 2, status: 3).Result);
        Assert.Equal(3, _state.View.Rows["a"].Status);
        Assert.Equal(_state.Applied, _state.View.Rows["a"].ETag);
    }

    [Fact]
    public void Times_of_being_alive_rise_only_and_touch_no_etag()
    {
        Insert("a", 1, 1);
        Alive("a", 50);
        Alive("a", 40);
        Alive("unknown", 60);
        Assert.Equal((50L, 2L, 2L), (_state.View.Rows["a"].AliveTime, _state.View.Rows["a"].ETag, _state.View.VersionETag));
        Assert.Single(_state.View.Rows);
    }

    [Fact]
    public void An_update_by_another_silo_does_not_lower_the_time_of_being_alive()
    {
        Insert("a", 1, 1);
        Alive("a", 50);
        Assert.Equal(TableResult.Done, Update("a", 2, 2, 2, alive: 10).Result);
        Assert.Equal(50, _state.View.Rows["a"].AliveTime);
    }

    [Fact]
    public void Clean_up_deletes_dead_rows_that_were_last_heard_of_before_the_time_and_no_others()
    {
        Apply(new TableCommand { Kind = TableCommandKind.Insert, Row = Row("old") with { Status = 6, AliveTime = 5 }, VersionETag = 1 });
        Apply(new TableCommand { Kind = TableCommandKind.Insert, Row = Row("new") with { Status = 6, AliveTime = 15 }, VersionETag = 2 });
        Apply(new TableCommand { Kind = TableCommandKind.Insert, Row = Row("active") with { Status = 3, AliveTime = 5 }, VersionETag = 3 });
        Apply(new TableCommand
        {
            Kind = TableCommandKind.Insert,
            Row = Row("suspected") with { Status = 6, AliveTime = 5, Suspicions = [new Suspicion("new", 20)] },
            VersionETag = 4,
        });
        Apply(new TableCommand { Kind = TableCommandKind.Cleanup, Before = 10 });
        Assert.Equal(["active", "new", "suspected"], _state.View.Rows.Keys);
        Assert.Equal(5, _state.View.VersionETag);
    }

    [Fact]
    public void A_deleted_table_goes_on_counting_and_no_etag_comes_back()
    {
        Insert("a", 7, 1);
        Apply(new TableCommand { Kind = TableCommandKind.DeleteAll });
        Assert.Empty(_state.View.Rows);
        Assert.Equal((8, 3L), (_state.View.Version, _state.View.VersionETag));
        Assert.Equal(TableResult.Conflict, Insert("a", 9, 2).Result);
    }

    [Fact]
    public void A_repeated_command_is_applied_once_and_answered_the_same()
    {
        var session = Apply(new TableCommand { Kind = TableCommandKind.OpenSession, Nonce = Guid.NewGuid() }).Value;
        var insert = new TableCommand { Kind = TableCommandKind.Insert, Row = Row("a"), Version = 1, VersionETag = 1, Session = session, Sequence = 1 };
        Assert.Equal(TableResult.Done, Apply(insert).Result);
        var delete = new TableCommand { Kind = TableCommandKind.DeleteAll, Session = session, Sequence = 2, LowWater = 1 };
        Assert.Equal(TableResult.Done, Apply(delete).Result);
        Assert.Equal(TableResult.Done, Apply(insert).Result);
        Assert.Empty(_state.View.Rows);
    }

    [Fact]
    public void Below_the_low_water_mark_and_for_unknown_sessions_the_answer_is_expired()
    {
        var session = Apply(new TableCommand { Kind = TableCommandKind.OpenSession }).Value;
        Apply(new TableCommand { Kind = TableCommandKind.Cleanup, Session = session, Sequence = 1, LowWater = 1 });
        Apply(new TableCommand { Kind = TableCommandKind.Cleanup, Session = session, Sequence = 2, LowWater = 2 });
        Assert.Equal(TableResult.Expired, Apply(new TableCommand { Kind = TableCommandKind.DeleteAll, Session = session, Sequence = 1 }).Result);
        Assert.Equal(TableResult.Expired, Apply(new TableCommand { Kind = TableCommandKind.DeleteAll, Session = 999, Sequence = 1 }).Result);
    }

    [Fact]
    public void Beyond_the_limit_the_session_that_rested_longest_is_forgotten()
    {
        var first = Apply(new TableCommand { Kind = TableCommandKind.OpenSession }).Value;
        var second = Apply(new TableCommand { Kind = TableCommandKind.OpenSession }).Value;
        Apply(new TableCommand { Kind = TableCommandKind.Cleanup, Session = first, Sequence = 1 });
        for (var i = 0; i < TableState.MaxSessions - 1; i++)
        {
            Apply(new TableCommand { Kind = TableCommandKind.OpenSession });
        }

        Assert.Equal(TableState.MaxSessions, _state.SessionCount);
        Assert.Equal(TableResult.Done, Apply(new TableCommand { Kind = TableCommandKind.Cleanup, Session = first, Sequence = 2 }).Result);
        Assert.Equal(TableResult.Expired, Apply(new TableCommand { Kind = TableCommandKind.Cleanup, Session = second, Sequence = 1 }).Result);
    }

    [Fact]
    public void A_session_remembers_a_bounded_number_of_answers()
    {
        var session = Apply(new TableCommand { Kind = TableCommandKind.OpenSession }).Value;
        for (var i = 1; i <= TableSession.MaxAnswers + 10; i++)
        {
            Apply(new TableCommand { Kind = TableCommandKind.Cleanup, Session = session, Sequence = i });
        }

        Assert.Equal(TableResult.Expired, Apply(new TableCommand { Kind = TableCommandKind.DeleteAll, Session = session, Sequence = 10 }).Result);
        Assert.Equal(TableResult.Done, Apply(new TableCommand { Kind = TableCommandKind.DeleteAll, Session = session, Sequence = 11 }).Result);
    }

    [Fact]
    public void A_start_of_a_voter_counts_only_for_the_bound_store_and_never_backwards()
    {
        var bound = _state.View.Voters[1];
        Assert.Equal(TableResult.Done, Start(bound with { OpenCounter = 3, Address = "localhost:2" }).Result);
        Assert.Equal(TableResult.Conflict, Start(bound with { OpenCounter = 2 }).Result);
        Assert.Equal(TableResult.Conflict, Start(bound with { OpenCounter = 4, Store = Guid.NewGuid() }).Result);
        Assert.Equal((3L, "localhost:2"), (_state.View.Voters[1].OpenCounter, _state.View.Voters[1].Address));
    }

    [Fact]
    public void A_voter_that_starts_once_more_ends_the_rows_of_its_silos_earlier_lives_once_and_no_others()
    {
        var bound = _state.View.Voters[1];
        SiloRow[] rows = [Row("old"), Row("own"), Row("other") with { SiloName = "s2" }];
        foreach (var row in rows)
        {
            var named = row with { Status = 3, SiloName = row.SiloName == "s2" ? "s2" : bound.Name };
            Apply(new TableCommand { Kind = TableCommandKind.Insert, Row = named, Version = _state.View.Version + 1, VersionETag = _state.View.VersionETag });
        }

        var before = _state.View;
        Assert.Equal(TableResult.Done, Start(bound with { OpenCounter = 3 }, "own").Result);
        Assert.Equal((SiloRow.Dead, 3, 3), (_state.View.Rows["old"].Status, _state.View.Rows["own"].Status, _state.View.Rows["other"].Status));
        Assert.Equal((before.Version + 1, _state.Applied, _state.Applied), (_state.View.Version, _state.View.VersionETag, _state.View.Rows["old"].ETag));

        // Repeated, for a store that is not bound, or without a silo around it: nothing.
        var after = _state.View.Version;
        Start(bound with { OpenCounter = 3 }, "third");
        Start(bound with { OpenCounter = 9, Store = Guid.NewGuid() }, "third");
        Start(bound with { OpenCounter = 4 }, "");
        Assert.Equal(after, _state.View.Version);
    }

    [Fact]
    public void The_number_of_a_removed_replica_is_never_given_again()
    {
        Assert.Equal(new ReplicaId(2), _state.NextReplica);
        _state.Bind(new VoterBinding { Replica = _state.NextReplica, Name = "s2" });
        _state.Unbind(new ReplicaId(2));
        Assert.True(_state.IsRemoved(new ReplicaId(2)));
        Assert.Equal(new ReplicaId(3), TableState.Decode(_state.Encode()).NextReplica);
        Assert.Throws<InvariantViolationException>(() => _state.Bind(new VoterBinding { Replica = new ReplicaId(2), Name = "s2" }));
    }

    [Fact]
    public void An_entry_out_of_turn_is_refused() =>
        Assert.Throws<InvariantViolationException>(() => _state.Apply(7, new TableCommand { Kind = TableCommandKind.DeleteAll }));

    private static SiloRow Row(string silo) => new() { Silo = silo, SiloName = silo };

    private TableOutcome Apply(TableCommand command) => _state.Apply(_state.Applied + 1, TableCommand.Decode(command.Encode()));

    private TableOutcome Insert(string silo, int version, long etag) =>
        Apply(new TableCommand { Kind = TableCommandKind.Insert, Row = Row(silo), Version = version, VersionETag = etag });

    private TableOutcome Update(string silo, int version, long etag, long rowETag, int status = 1, long alive = 0) => Apply(new TableCommand
    {
        Kind = TableCommandKind.Update,
        Row = Row(silo) with { Status = status, AliveTime = alive },
        Version = version,
        VersionETag = etag,
        RowETag = rowETag,
    });

    private TableOutcome Alive(string silo, long time) => Apply(new TableCommand { Kind = TableCommandKind.Alive, Alive = [new AliveReport(silo, time)] });

    private TableOutcome Start(VoterBinding voter, string ownSilo = "") =>
        Apply(new TableCommand { Kind = TableCommandKind.VoterStarted, Voter = voter, OwnSilo = ownSilo });
}
