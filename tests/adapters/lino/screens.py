"""A screen script as small as it can be, in the form in which Lino states columns and filters."""

SCRIPT = """
Lino.pcsw.Clients.ParamsPanel = Ext.extend(Ext.form.FormPanel, {
  initComponent : function() {
    var aged_from8 = new Lino.IntegerField({ "fieldLabel": "x", "name": "aged_from" });
    var main_1_panel9 = new Ext.Panel({ "items": [ aged_from8 ] });
    var also_obsolete10 = new Ext.form.Checkbox({ "boxLabel": "y", "name": "also_obsolete" });
    this.items = [ main_1_panel9 ];
    this.fields = [ aged_from8, also_obsolete10 ];
  }
});

Lino.pcsw.Clients.DetailFormPanel = Ext.extend(Lino.FormPanel,{
  layout: 'fit',
  content_type: 60,
  initComponent : function() {
  }
});

Lino.pcsw.AllClients.GridPanel = Ext.extend(Lino.GridPanel,{
  ls_url : "/pcsw/AllClients",
  ls_store_fields : [ { "name": "state" }, 'stateHidden', { "name": "id", "type": "int" }, \
{ "dateFormat": "d.m.Y", "name": "seen_on", "type": "date" }, { "name": "disabled_fields" }, \
{ "name": "disable_editing" } ],
  initComponent : function() {
  }
});

Lino.pcsw.AllClients.grid = new Lino.WindowAction({  }, function(){
  p.params_panel = new Lino.pcsw.Clients.ParamsPanel({});
  return new Lino.pcsw.AllClients.GridPanel(p);
});

Lino.cal.Rooms.GridPanel = Ext.extend(Lino.GridPanel,{
  ls_store_fields : [ { "name": "id", "type": "int" }, { "name": "name" } ],
  initComponent : function() {
  }
});
"""


def cells(key: object, *, state: str = "Coached", seen: str | None = "07.02.2026") -> list[object]:
    """A row of `pcsw/AllClients` as the script above announces it."""
    return [state, "30", key, seen, {"id": True}, False, {"meta": True}]
